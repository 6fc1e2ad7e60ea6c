"""One run of prediction: models, photographs or a video, the folder of results, and messages before it starts."""

import logging
from dataclasses import dataclass
from pathlib import Path

from common.errors import ConfigError
from common.files.sources import Source
from common.files.targets import refuse_nested
from common.learning.predicting.ensembles import load_ensemble, model_files
from common.learning.predicting.photographs import FoundPhotographs, Photograph, find_photographs
from common.learning.predicting.prediction import Outcome, predict_photographs
from common.learning.predicting.result_folder import ResultFolder, make_record, merged_classes
from common.learning.predicting.video import is_video, predict_video

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
        batch: How many photographs the network takes at a time.
        splits: Of a Cityscapes tree; empty for all.
        video_ids: Whether the label ids of every picture of a video are written.
        overwrite: Whether other results in `out` are moved aside.
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


def predict_files(request: Request) -> Outcome:
    """Predicts and writes the results.

    Raises:
        ProjectError: If a model, the input or the folder cannot be used; then no result has been written.
    """
    if request.batch < 1:
        raise ConfigError(f"batch {request.batch}: expected at least one photograph at a time")
    refuse_nested(request.source, request.out)
    video = is_video(request.source)
    if video and request.splits:
        raise ConfigError(f"{request.source}: is a video and has no split {request.splits[0]}; leave it out")
    if video:
        found = FoundPhotographs((Photograph(request.source.stem, Source(request.source)),))
    else:
        found = find_photographs(request.source, request.splits)
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
    folder.open(make_record(models, found.photographs, settings), request.overwrite)
    if merged := merged_classes(ensemble.label_map):
        log.warning("classes of several labels are written as the smallest of their ids: %s", ", ".join(merged))
    if video:
        return predict_video(ensemble, request.source, folder, request.batch, request.video_ids)
    outcome = predict_photographs(ensemble, found.photographs, folder, request.batch)
    outcome.failures[:0] = found.faults
    return outcome
