"""The gallery of a study: the same frames for the best model of each approach, the worst ones first.

Needs predictions that the steps saved (SAVE_PREDICTIONS) and the prepared split they belong to. A frame of which a file
is missing, damaged or of another size is left out. Names come from the split's folder, never from a result alone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from common.errors import DataError
from common.evaluation.metrics.metric import Metric
from common.evaluation.metrics.registry import RANKING
from common.images.png import read_image, read_mask
from common.labels.cityscapes import IGNORE
from common.pages.gallery import Gallery, GalleryFrame, Prediction
from common.report.content import Section, Table, number
from common.report.folders import Folder
from common.report.material import Material
from common.results.paths import ModelPaths
from common.results.reading import Approach
from common.results.result import Result
from common.results.samples import scores_of_images

_SPLITS = ("test", "val")
_SCORE_NAME = "IoU of the frame, paper metric"


def frames_section(material: Material) -> Section | None:
    """Makes the section of the gallery; without frames it says why. None if there are no models."""
    approaches = material.results.approaches
    if not approaches:
        return None
    for split in _SPLITS:
        shown = [one for one in reversed(approaches) if _has_predictions(material.base_dir, one, split)]
        if shown and split in material.folders and material.frames > 0:
            return _section(material, _of_one_label_map(shown), material.folders[split])
    if material.frames <= 0:
        return _without_gallery("No frames were asked for.")
    return _without_gallery(
        "No predictions on test or val were saved. Set SAVE_PREDICTIONS in config.ini to the splits you want and start "
        "the step again; nothing is trained again."
    )


def choose_frames(scores: Mapping[str, float], amount: int) -> dict[str, str]:
    """Chooses the frames worth looking at: half of them the worst, the others around the median and the best.

    Returns:
        What each frame is, by name from the worst to the best; all frames if there are not more than `amount`.
    """
    names = sorted(scores, key=lambda name: (scores[name], name))
    if len(names) <= amount:
        return dict.fromkeys(names, "")
    best = middle = amount // 4
    worst = amount - best - middle
    start = max(worst, min((len(names) - middle) // 2, len(names) - best - middle))
    return {
        **dict.fromkeys(names[:worst], "one of the worst"),
        **dict.fromkeys(names[start : start + middle], "near the median"),
        **dict.fromkeys(names[len(names) - best :], "one of the best"),
    }


def _without_gallery(sentence: str) -> Section:
    return Section("frames", "Frames", (sentence,))


def _has_predictions(base_dir: Path, approach: Approach, split: str) -> bool:
    best = approach.best
    return split in best.predictions and _predictions(base_dir, best, split).is_dir()


def _predictions(base_dir: Path, result: Result, split: str) -> Path:
    return ModelPaths(base_dir, result.job.name).predictions(split)


def _of_one_label_map(approaches: Sequence[Approach]) -> list[Approach]:
    best = _best_of(approaches)
    return [approach for approach in approaches if approach.label_map == best.label_map]


def _best_of(approaches: Sequence[Approach]) -> Approach:
    return max(approaches, key=lambda approach: approach.best.scores["val"].ranking_score)


def _section(material: Material, approaches: Sequence[Approach], folder: Folder) -> Section:
    base_dir, metrics, judge = material.base_dir, material.metrics, _best_of(approaches)
    names = {Path(file).stem for file in folder.masks}
    every = judge.best.scores[folder.name].of_images(RANKING)
    scores = {name: score for name, score in every.items() if score is not None and name in names}
    chosen = choose_frames(scores, material.frames)
    judged = [_Judged(base_dir, approach, folder.name, metrics) for approach in approaches]
    read = (_read(base_dir / folder.name, judged, name, remark) for name, remark in chosen.items())
    frames = [frame for frame in read if frame is not None]
    if not frames:
        return _without_gallery(f"The predictions on {folder.name} do not belong to the frames that are there now.")
    label_map = judge.label_map
    others = tuple(f"mIoU of the frame alone, {metric.definition}" for metric in metrics if metric != RANKING)
    gallery = Gallery(label_map.names, label_map.colors, tuple(frames), _SCORE_NAME, others)
    sentence = (
        f"{len(frames)} of {len(names):,} frames of {folder.name}, the same for all approaches, by the model of each "
        "with the highest mIoU_val."
    )
    if len(chosen) < len(scores):
        sentence += f" They were chosen by the scores of {judge.name}: the worst, some near the median and the best."
    rows = tuple((approach.name, approach.best.model) for approach in approaches)
    models = Table("Models of the gallery", ("approach", "model"), rows, text_columns=2, folded=True)
    return Section("frames", "Frames", (sentence,), (_table(frames), models), gallery)


class _Judged:
    """The best model of an approach on one split: its predictions and the scores of its frames."""

    def __init__(self, base_dir: Path, approach: Approach, split: str, metrics: Sequence[Metric]) -> None:
        best = approach.best
        self.title, self._folder = approach.name, _predictions(base_dir, best, split)
        self.classes = len(approach.label_map)
        others = (metric for metric in metrics if metric != RANKING)
        self._scores = [scores_of_images(best.scores[split], metric) for metric in (RANKING, *others)]

    def prediction(self, name: str) -> Prediction:
        """Reads the prediction for a frame."""
        score, *others = (scores.get(name) for scores in self._scores)
        return Prediction(self.title, read_mask(self._folder / f"{name}.png"), score, tuple(others))


def _read(root: Path, judged: Sequence[_Judged], name: str, remark: str) -> GalleryFrame | None:
    """Reads one frame from the folder of its split; None if a file of it cannot be used."""
    try:
        truth = read_mask(root / "masks" / f"{name}.png")
        photo = read_image(root / "images" / f"{name}.png")
        predictions = tuple(one.prediction(name) for one in judged)
    except DataError:
        return None
    classes = judged[0].classes
    if photo.shape[:2] != truth.shape or int(truth[truth != IGNORE].max(initial=0)) >= classes:
        return None
    if any(one.classes.shape != truth.shape or int(one.classes.max()) >= classes for one in predictions):
        return None
    return GalleryFrame(name, photo, truth, predictions, remark=remark)


def _table(frames: Sequence[GalleryFrame]) -> Table:
    titles = tuple(prediction.title for prediction in frames[0].predictions)
    columns = ("frame", *titles, "chosen as")
    rows = [(frame.name, *(number(p.score) for p in frame.predictions), frame.remark) for frame in frames]
    if not any(frame.remark for frame in frames):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return Table("Frames of the gallery", columns, tuple(rows), f"{_SCORE_NAME}.", folded=True)
