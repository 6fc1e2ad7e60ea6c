"""One run of prediction: which models, of what, where to, and what the user is told before it starts."""

import logging
from dataclasses import dataclass
from pathlib import Path

from common.errors import ConfigError, DataError
from common.files.sources import Source
from common.learning.predicting.ensembles import load_ensemble, model_files
from common.learning.predicting.photographs import Photograph, find_photographs
from common.learning.predicting.prediction import predict_photographs
from common.learning.predicting.result_folder import ResultFolder, make_record, merged_classes
from common.learning.predicting.video import is_video, predict_video

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What is to be predicted.

    Attributes:
        models: `.keras` files, or folders of them.
        source: A photograph, a folder, a Cityscapes tree or zip, or a video.
        out: The folder for the results.
        size: Width and height to run the networks at, in pixels; None takes that of their training.
        tta: Whether the mean of a photograph and its mirror image counts.
        overlay: Whether the colours are also written over the photographs.
        batch: How many photographs the network takes at a time.
        splits: Of a Cityscapes tree; empty for all.
        video_ids: Whether the label ids of every picture of a video are written.
        overwrite: Whether other results at `out` are moved aside.
    """

    models: tuple[Path, ...]
    source: Path
    out: Path
    size: tuple[int, int] | None = None
    tta: bool = False
    overlay: bool = False
    batch: int = 8
    splits: tuple[str, ...] = ()
    video_ids: bool = False
    overwrite: bool = False


def predict_files(request):
    """Predicts what is asked for and writes the results.

    Returns:
        The `Outcome`.

    Raises:
        ProjectError: If a model, the input or the folder cannot be used; no result has been written then.
    """
    if request.batch < 1:
        raise ConfigError(f"batch {request.batch}: at least one photograph at a time was expected")
    _check_places(request)
    video = is_video(request.source)
    if video:
        _refuse_splits(request)
        photographs = (Photograph(request.source.stem, Source(request.source)),)
    else:
        photographs = find_photographs(request.source, request.splits)
    models = model_files(request.models)
    ensemble = load_ensemble(models, request.size, request.tta)
    folder = ResultFolder(request.out, ensemble.label_map, request.overlay)
    settings = {
        "sizes": [list(kind.size_wh) for kind in ensemble.inputs],
        "preparations": [kind.preparation for kind in ensemble.inputs],
        "tta": request.tta,
        "overlay": request.overlay,
        "video_ids": request.video_ids,
    }
    folder.open(make_record(models, photographs, settings), request.overwrite)
    if merged := merged_classes(ensemble.label_map):
        log.warning("classes of several labels are written as the smallest of their ids: %s", ", ".join(merged))
    if video:
        return predict_video(ensemble, request.source, folder, request.batch, request.video_ids)
    return predict_photographs(ensemble, photographs, folder, request.batch)


def _refuse_splits(request):
    if request.splits:
        raise ConfigError(f"{request.source}: is a video and has no split {request.splits[0]}; leave it out")


def _check_places(request):
    """Refuses a folder of results that would become input the next time, or that holds the input."""
    source, out = request.source.resolve(), request.out.resolve()
    if source.is_dir() and out.is_relative_to(source):
        raise DataError(f"{request.out}: lies in {request.source}, which is read; choose a place outside of it")
    if source.is_relative_to(out):
        raise DataError(f"{request.out}: holds {request.source}, which is read; choose another place")
