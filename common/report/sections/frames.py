"""The gallery of a study: the same frames for the best model of each approach, the worst ones first.

Needs predictions that the steps saved (SAVE_PREDICTIONS) and the prepared split they belong to. A frame of which a file
is missing, damaged or of another size is left out. Names come from the split's folder, never from a result alone.
"""

from dataclasses import dataclass
from pathlib import Path

from common.errors import DataError
from common.images.png import read_image, read_mask
from common.labels.cityscapes import IGNORE
from common.pages.gallery import Gallery, GalleryFrame, Prediction
from common.report.content import Table, number
from common.results.paths import ModelPaths

_SPLITS = ("test", "val")
_SCORE_NAME = "IoU of the frame, paper metric"


@dataclass(frozen=True)
class StudyGallery:
    """What is shown of the predictions.

    Attributes:
        gallery: A `Gallery`; None if there is nothing to show.
        sentence: Which frames of which models these are, or why there are none.
        table: The frames with their scores; None without a gallery.
    """

    gallery: Gallery | None
    sentence: str
    table: Table | None = None


def collect_gallery(base_dir, approaches, folders, amount):
    """Chooses frames and reads their files.

    Args:
        base_dir: BASE_DIR.
        approaches: `results.Approach` of each.
        folders: As `folders.read_folders` gives them.
        amount: How many frames at most.

    Returns:
        A `StudyGallery`.
    """
    for split in _SPLITS:
        shown = [approach for approach in reversed(approaches) if _has_predictions(base_dir, approach, split)]
        if shown and split in folders and amount > 0:
            return _gallery(base_dir, _of_one_label_map(shown), folders[split], amount)
    return StudyGallery(None, _why_none(approaches, amount))


def choose_frames(scores, amount):
    """Chooses the frames worth looking at: half of them the worst, the others around the median and the best.

    Args:
        scores: `{name: score}`.
        amount: How many.

    Returns:
        `{name: what it is}` from the worst to the best; all of them if there are not more.
    """
    names = sorted(scores, key=lambda name: (scores[name], name))
    if len(names) <= amount:
        return dict.fromkeys(names, "")
    best = amount // 4
    middle = amount // 4
    worst = amount - best - middle
    start = max(worst, min((len(names) - middle) // 2, len(names) - best - middle))
    return {
        **dict.fromkeys(names[:worst], "one of the worst"),
        **dict.fromkeys(names[start : start + middle], "near the median"),
        **dict.fromkeys(names[len(names) - best :], "one of the best"),
    }


def _has_predictions(base_dir, approach, split):
    best = approach.best
    return split in best["predictions"] and _predictions(base_dir, best, split).is_dir()


def _predictions(base_dir, result, split):
    return ModelPaths(Path(base_dir), result["approach"], result["model"]).predictions(split)


def _of_one_label_map(approaches):
    best = _best_of(approaches)
    return [approach for approach in approaches if approach.label_map == best.label_map]


def _best_of(approaches):
    return max(approaches, key=lambda approach: approach.best["scores"]["val"]["mIoU"])


def _why_none(approaches, amount):
    if amount <= 0:
        return "No frames were asked for."
    if not approaches:
        return "There are no predictions yet."
    return (
        "No predictions on test or val were saved: SAVE_PREDICTIONS of config.ini says which splits are. "
        "Set it and start the step again; nothing is trained anew."
    )


def _gallery(base_dir, approaches, folder, amount):
    judge = _best_of(approaches)
    names = {Path(file).stem for file in folder.masks}
    scores = {
        name: score
        for name, (score, _) in judge.best["scores"][folder.name]["images"].items()
        if score is not None and name in names
    }
    chosen = choose_frames(scores, amount)
    frames = [
        frame for name, remark in chosen.items() if (frame := _read(base_dir, approaches, folder, (name, remark)))
    ]
    if not frames:
        return StudyGallery(None, f"The predictions on {folder.name} do not belong to the frames that are there now.")
    label_map = judge.label_map
    gallery = Gallery(label_map.names, label_map.colors, tuple(frames), _SCORE_NAME)
    models = ", ".join(approach.best["model"] for approach in approaches)
    sentence = (
        f"{len(frames)} of {len(names):,} frames of {folder.name}, the same for all approaches, by the model of each "
        f"with the highest mIoU_val: {models}."
    )
    if len(chosen) < len(scores):
        sentence += f" They were chosen by the scores of {judge.name}: the worst, some near the median and the best."
    return StudyGallery(gallery, sentence, _table(frames))


def _read(base_dir, approaches, folder, chosen):
    """Reads one frame; None if a file of it cannot be used."""
    name, remark = chosen
    root = Path(base_dir) / folder.name
    try:
        truth = read_mask(root / "masks" / f"{name}.png")
        photo = read_image(root / "images" / f"{name}.png")
        predictions = tuple(_prediction(base_dir, approach, folder.name, name) for approach in approaches)
    except DataError:
        return None
    classes = len(approaches[0].label_map)
    if photo.shape[:2] != truth.shape or int(truth[truth != IGNORE].max(initial=0)) >= classes:
        return None
    if any(one.classes.shape != truth.shape or int(one.classes.max()) >= classes for one in predictions):
        return None
    return GalleryFrame(name, photo, truth, predictions, remark=remark)


def _prediction(base_dir, approach, split, name):
    best = approach.best
    classes = read_mask(_predictions(base_dir, best, split) / f"{name}.png")
    score = best["scores"][split]["images"].get(name, (None, None))[0]
    return Prediction(approach.name, classes, score)


def _table(frames):
    titles = tuple(prediction.title for prediction in frames[0].predictions)
    columns = ("frame", *titles, "chosen as")
    rows = [(frame.name, *(number(p.score) for p in frame.predictions), frame.remark) for frame in frames]
    if not any(frame.remark for frame in frames):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return Table("Frames of the gallery", columns, tuple(rows), f"{_SCORE_NAME}.", folded=True)
