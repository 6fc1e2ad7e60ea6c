"""The models of an ensemble before any of them is loaded: their files, and whether their probabilities have a mean.

Knows no Keras, so that a wrong model is named at once.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.dataset.prepared.resize import LARGEST_SIDE, SIDE_MULTIPLE
from common.errors import ConfigError, DataError
from common.learning.network.model_card import ModelCard, read_model_card
from common.text import count, first_few

_NAMES_SHOWN = 12


@dataclass(frozen=True)
class NetworkInput:
    """What a network takes: photographs of `size_wh` pixels, made smaller as `preparation` of config.ini says."""

    size_wh: tuple[int, int]
    preparation: str


def network_input(card: ModelCard, size_wh: tuple[int, int] | None = None) -> NetworkInput:
    """Tells what the network of a card takes at a size; None for that of its training."""
    return NetworkInput(size_wh or card.size_wh, card.preparation)


def list_models(paths: Iterable[Path]) -> list[Path]:
    """Lists `.keras` files, also those in folders; raises DataError if a folder has none."""
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.keras")) if path.is_dir() else [path]
        if not found:
            raise DataError(f"{path}: has no .keras file; give a model, for example from BASE_DIR/models")
        files += found
    return files


def without_equal(files: Iterable[Path]) -> dict[Path, str]:
    """Leaves out all but the first of equal files, for example a model and its `topK` link.

    Returns:
        SHA-256 of the content by path; "" for a file that cannot be read, which is an error when it is loaded.
    """
    kept: dict[str | Path, tuple[Path, str]] = {}
    for file in files:
        digest = _digest(file)
        kept.setdefault(digest or file, (file, digest))
    return dict(kept.values())


def read_cards(files: Iterable[Path]) -> dict[Path, ModelCard]:
    """Reads what the models say about themselves; raises DataError as `read_model_card` does."""
    return {path: read_model_card(path) for path in files}


def check_members(cards: dict[Path, ModelCard], mixed: bool = False) -> None:
    """Refuses models whose probabilities have no mean, and a mean that is hardly meant.

    Args:
        cards: Of each model, by its file.
        mixed: Allows models of different recipes and preparations, and other names and colours of equal classes;
            those of the first model are written.

    Raises:
        DataError: If two models do not predict the same classes; names both.
        ConfigError: If they differ in something that `mixed` allows; names two of them.
    """
    (first, card), *others = cards.items()
    for path, other in others:
        if _classes(other) != _classes(card):
            raise DataError(
                f"{first} and {path}: predict different classes ({len(card.label_map)} and {len(other.label_map)}), so "
                "their probabilities have no mean; give models that were trained with one LABEL_MAP"
            )
    for what, value in () if mixed else _KINDS:
        known = [(path, found) for path, each in cards.items() if (found := value(each))]
        odd = next(((path, found) for path, found in known if found != known[0][1]), None)
        if odd is not None:
            names = " and ".join(f"{path} ({found})" if isinstance(found, str) else f"{path}"
                for path, found in (known[0], odd))  # fmt: skip
            raise ConfigError(f"{names}: have different {what}; give models of one kind, or --mixed if that is meant")


def _classes(card: ModelCard) -> tuple[int, tuple[int, ...]]:
    return len(card.label_map), card.label_map.class_of_id


# What models of one mean should have in common; "" of a model that does not say.
_KINDS: tuple[tuple[str, Callable[[ModelCard], object]], ...] = (
    ("recipes", lambda card: card.recipe),
    ("preparations", lambda card: card.preparation),
    ("names or colours of classes", lambda card: card.label_map),
)


def describe_members(files: Sequence[Path], given: int) -> str:
    """Says in one sentence how many and which models are used; `given` is the number of files with the equal ones."""
    what = f"the mean of {count(len(files), 'model')}" if len(files) > 1 else "one model"
    left_out = f"; left out: {count(given - len(files), 'file')} equal to one of these" if given > len(files) else ""
    all_named = "; prediction.json in OUT lists all" if len(files) > _NAMES_SHOWN else ""
    return f"{what} decides: {first_few(_short(files), _NAMES_SHOWN)}{all_named}{left_out}"


def _short(files: Sequence[Path]) -> list[str]:
    """Names the files as people tell them apart: without their folder, where all are in one."""
    return [path.name if len({each.parent for each in files}) == 1 else str(path) for path in files]


def check_size(size_wh: tuple[int, int]) -> None:
    """Refuses a size that no network can take; raises ConfigError."""
    if any(side % SIDE_MULTIPLE or not 0 < side <= LARGEST_SIDE for side in size_wh):
        width, height = size_wh
        raise ConfigError(
            f"size {width}x{height}: width and height must be multiples of {SIDE_MULTIPLE}, at most {LARGEST_SIDE}"
        )


def _digest(file: Path) -> str:
    if not file.is_file():
        return ""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""  # loading the file gives the reason
