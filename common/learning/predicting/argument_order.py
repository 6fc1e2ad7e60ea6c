"""The order of what a user gives to predict: models, photographs, the folder of results.

Needs nothing that takes long to import, so that the most frequent mistake is answered first.
"""

from collections.abc import Sequence
from pathlib import Path

from common.errors import ConfigError
from common.images.not_read import is_video_name
from common.images.pictures import IMAGE_ENDINGS

_ORDER = "the order is MODEL INPUT OUT"
_ENDING = ".keras"


def refuse_swapped(models: Sequence[Path], source: Path, out: Path) -> None:
    """Refuses arguments in another order, and a forgotten one, by what the files are; raises ConfigError."""
    picture = next((path for path in models if _is_picture(path)), None)
    if _is_model(source):
        found = f"INPUT {source}: is a {'folder of models' if source.is_dir() else 'model'}"
        wrong = picture or next((path for path in models if path.exists() and not _has_models(path)), None)
        if wrong is None:
            raise ConfigError(f"{found}; is the photograph missing? {_ORDER}")
        raise ConfigError(f"{found}, and MODEL {wrong} is not; are they swapped? {_ORDER}")
    if picture is not None:
        what = "video" if is_video_name(picture.name) else "photograph"
        raise ConfigError(f"MODEL {picture}: is a {what}; expected a {_ENDING} file, or a folder of them; {_ORDER}")
    if out.is_file():
        raise ConfigError(f"OUT {out}: is a file; expected a new folder, or one to continue; {_ORDER}")


def _is_picture(path: Path) -> bool:
    return path.name.lower().endswith(IMAGE_ENDINGS) or is_video_name(path.name)


def _has_models(path: Path) -> bool:
    return any(path.glob(f"*{_ENDING}")) if path.is_dir() else path.suffix.lower() == _ENDING


def _is_model(path: Path) -> bool:
    """Tells whether a path is a model, or a folder of models without any picture."""
    return _has_models(path) and not (path.is_dir() and any(map(_is_picture, path.rglob("*"))))
