"""Truth of coloured blocks, with everything that an evaluation of objects has rules for, and damage to it."""

import json

import numpy as np

from common.images.png import encode_image, encode_instance_mask, encode_mask
from common.labels.cityscapes import LABEL_OF_ID, LABELS

SHAPE = (80, 120)
# Void, stuff, a label and objects that are not evaluated, groups; and objects, of which there are more.
_OTHERS = (0, 3, 4, 9, 8, 11, 21, 23, 29, 30, 29000, 24, 26, 33)
_OBJECTS = (24000, 24001, 25000, 26000, 26001, 26002, 26003, 27000, 28000, 32000, 33000, 33001)


def draw_tree(folder, frames, seed):
    """Writes an official tree with instanceIds alone; returns the values by name of the frame."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for number in range(frames):
        values = np.full(SHAPE, 7, np.uint16)
        values[:30], values[30:40], values[-4:] = 23, 11, 1
        for value in rng.permutation(np.array(_OTHERS + _OBJECTS * 2, np.uint16)):
            y, x = rng.integers(0, SHAPE[0] - 2), rng.integers(0, SHAPE[1] - 2)
            height, width = rng.integers(2, 30, 2)
            values[y : y + height, x : x + width] = value
        drawn[f"blocks_000000_{number:06}"] = values
    write_tree(folder, drawn)
    return drawn


def write_tree(folder, drawn):
    """Writes values as instanceIds of the split val."""
    for name, values in drawn.items():
        path = folder / "gtFine" / "val" / "blocks" / f"{name}_gtFine_instanceIds.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_instance_mask(values))


def damaged_segments(values, rng):
    """Makes a panoptic prediction of a frame: ids, `uint32`, and the category of each."""
    ids = values.astype(np.uint32)
    if rng.random() < 0.5:
        ids = np.roll(ids, rng.integers(-3, 4, 2), (0, 1))
    category_of = {}
    evaluated = [label.id for label in LABELS if not label.ignore_in_eval]
    for value in np.unique(ids):
        label = LABEL_OF_ID[int(value) // 1000 if value >= 1000 else int(value)]
        category_of[int(value)] = int(rng.choice(evaluated)) if label.ignore_in_eval else label.id
        if label.ignore_in_eval and rng.random() < 0.5:
            ids[ids == value] = 0
    for value in np.unique(ids)[1:]:
        here, damage = ids == value, rng.integers(0, 8)
        if damage == 0:
            ids[here] = 0
        elif damage == 1:
            category_of[int(value)] = int(rng.choice(evaluated))
        elif damage == 2:  # merged into another
            ids[here] = rng.choice(np.unique(ids)[1:])
        elif damage == 3:  # split in two
            ys, xs = np.nonzero(here)
            half = xs > np.median(xs)
            ids[ys[half], xs[half]] = 100_000 + value
            category_of[100_000 + int(value)] = category_of[int(value)]
    return ids, {int(value): category_of[int(value)] for value in np.unique(ids) if value}


def write_segments(folder, segments, name="prediction"):
    """Writes predictions, `(ids, categories)` by frame, as JSON file and folder; returns the JSON file."""
    (folder / name).mkdir(parents=True)
    annotations = []
    for frame, (ids, category_of) in segments.items():
        colors = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], -1).astype(np.uint8)
        (folder / name / f"{frame}.png").write_bytes(encode_image(colors))
        infos = [{"id": id_, "category_id": category} for id_, category in category_of.items()]
        annotations.append({"image_id": frame, "file_name": f"{frame}.png", "segments_info": infos})
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"annotations": annotations}))
    return path


def damaged_masks(values, rng):
    """Makes predicted instances of a frame: masks, label ids and confidences, many of these equal."""
    predicted = []
    instances = [label.id for label in LABELS if label.has_instances]
    for value in np.unique(values):
        label_id = int(value) // 1000 if value >= 1000 else int(value)
        if label_id not in instances and rng.random() < 0.7:
            continue
        for _ in range(rng.integers(0, 3)):
            mask, damage = values == value, rng.integers(0, 7)
            if damage == 0:
                mask = np.roll(mask, rng.integers(-2, 3, 2), (0, 1))
            elif damage == 1:
                mask |= values == rng.choice(values.ravel())
            elif damage == 2:
                mask[:, : rng.integers(0, SHAPE[1])] = False  # may leave nothing
            elif damage == 3:
                label_id = int(rng.choice([*instances, 7, 0, -1]))
            confidence = float(rng.choice([0.0, 0.25, 0.5, rng.random(), 3.0, -1.0]))
            predicted.append((mask, label_id if label_id in instances else int(rng.choice(instances)), confidence))
    return predicted


def write_masks(folder, frame, predicted):
    """Writes the predicted instances of a frame in the official form; returns the text file."""
    (folder / "masks").mkdir(parents=True, exist_ok=True)
    lines = []
    for number, (mask, label_id, confidence) in enumerate(predicted):
        name = f"masks/{frame}_{number}.png"
        (folder / name).write_bytes(encode_mask(mask.astype(np.uint8) * (1 if number % 2 else 255)))
        lines.append(f"{name} {label_id} {confidence!r}\n")
    path = folder / f"{frame}_pred.txt"
    path.write_text("".join(lines))
    return path
