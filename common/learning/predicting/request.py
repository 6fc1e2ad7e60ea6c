"""What is asked of a prediction, and everything about it that can be checked before a network is loaded.

Knows no Keras, which takes seconds to import: a wrong path or a folder that cannot be written is answered at once.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.errors import ConfigError
from common.files.sources import Source
from common.files.targets import refuse_nested
from common.images.not_read import is_video_name
from common.learning.network.model_card import ModelCard
from common.learning.predicting.members import (
    check_members,
    check_size,
    describe_members,
    list_models,
    network_input,
    read_cards,
    without_equal,
)
from common.learning.predicting.photographs import FoundPhotographs, Photograph, find_photographs
from common.learning.predicting.result_folder import ResultFolder, make_record

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What a user wants to predict.

    Attributes:
        models: `.keras` files, or folders of them.
        source: A photograph, a folder, a Cityscapes tree or zip, or a video.
        size: Width and height to run the networks at, in pixels; None for the size of their training.
        tta: Whether the mean of a photograph and its mirror image counts.
        overlay: Whether the colours are also written over the photographs.
        legend: Whether a picture of the colours with the names of their classes is written.
        batch: How many photographs the network takes at a time.
        splits: Of a Cityscapes tree; empty for all.
        video_ids: Whether the label ids of every picture of a video are written.
        mixed: Whether models of different recipes, preparations and names of classes may be used together.
        overwrite: Whether other results in `out` are moved aside.
    """

    models: tuple[Path, ...]
    source: Path
    out: Path
    size: tuple[int, int] | None = None
    tta: bool = False
    overlay: bool = False
    legend: bool = False
    batch: int = 8
    splits: tuple[str, ...] = ()
    video_ids: bool = False
    mixed: bool = False
    overwrite: bool = False


@dataclass(frozen=True)
class Plan:
    """A request whose input and models were found.

    Attributes:
        models: The model files; equal ones once.
        folder: Where results go; nothing has been written yet.
        record: What `prediction.json` will say.
        video: The input, if that is a video.
    """

    request: Request
    found: FoundPhotographs
    models: tuple[Path, ...]
    folder: ResultFolder
    record: dict[str, Any] = field(hash=False)
    video: Path | None = None


def plan_prediction(request: Request) -> Plan:
    """Finds the photographs and models of a request, and checks everything that needs no network.

    Raises:
        ProjectError: If the request cannot be meant, or a model, the input or the folder cannot be used.
    """
    if request.batch < 1:
        raise ConfigError(f"--batch {request.batch}: expected at least one photograph at a time")
    if request.size is not None:
        check_size(request.size)
    refuse_nested(request.source, request.out)
    video = request.source if is_video_name(request.source.name) and request.source.is_file() else None
    if video and request.splits:
        raise ConfigError(f"{video}: is a video and has no split {request.splits[0]}; leave --splits out")
    if video:
        found = FoundPhotographs((Photograph(video.stem, Source(video)),))
    else:
        found = find_photographs(request.source, request.splits)
    files = list_models(request.models)
    models = without_equal(files)
    cards = read_cards(models)
    check_members(cards, request.mixed)
    folder = ResultFolder(request.out, next(iter(cards.values())).label_map, request.overlay)
    record = make_record(models, found.photographs, _settings(request, cards.values()))
    folder.check(record, request.overwrite)
    _say_what_is_meant(request, found, files, list(models))
    return Plan(request, found, tuple(models), folder, record, video)


def _settings(request: Request, cards: Iterable[ModelCard]) -> dict[str, object]:
    inputs = list(dict.fromkeys(network_input(card, request.size) for card in cards))
    return {
        "sizes": [list(kind.size_wh) for kind in inputs],
        "preparations": [kind.preparation for kind in inputs],
        "tta": request.tta,
        "overlay": request.overlay,
        "video_ids": request.video_ids,
    }


def _say_what_is_meant(
    request: Request, found: FoundPhotographs, files: Sequence[Path], models: Sequence[Path]
) -> None:
    if len(files) > 1:
        log.info("%s", describe_members(models, len(files)))
    if found.passed_over:
        log.warning("%s: %s", request.source, found.passed_over)
