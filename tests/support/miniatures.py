"""Miniatures of known datasets, drawn from their public descriptions: paths, and what their files hold."""

import json

import cv2
import numpy as np
from PIL import Image

from common.labels.cityscapes import LABELS

WIDTH, HEIGHT = 8, 4
ROAD, CAR, TRAIN_ID_OF_CAR = 7, 26, 13
PHOTO = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
PHOTO[:, 3:6] = (200, 90, 30)
# Two columns of the first value, then two of the second, and so on.
COLUMNS = np.arange(WIDTH) // 2


def columns(*values, dtype=np.uint8):
    """A mask with two columns of each of four values (or colours)."""
    return np.tile(np.array(values, dtype)[COLUMNS], (HEIGHT, *(1,) * np.ndim(values)))


IDS = columns(ROAD, CAR, 0, ROAD)
FARM = columns(0, 1, 2, 255)
TRAIN_IDS = columns(0, TRAIN_ID_OF_CAR, 255, 0)
# KITTI: 256 times the id plus the number of the object, 0 if it is not told apart.
KITTI = columns(ROAD * 256, CAR * 256 + 1, CAR * 256 + 3, CAR * 256, dtype=np.uint16)
PALETTE_OF_IDS = [label.color for label in LABELS]
VISTAS = {
    "labels": [
        {"name": "object--vehicle--car", "readable": "Car", "instances": True, "evaluate": True, "color": [0, 0, 142]},
        {"name": "construction--flat--road", "readable": "Road", "instances": False, "color": [128, 64, 128]},
        {"name": "void--unlabeled", "readable": "Unlabeled", "instances": False, "color": [0, 0, 0]},
        {"name": "animal--bird", "readable": "Bird", "instances": True, "color": [165, 42, 42]},
    ]
}
VISTAS_OBJECTS = columns(1 * 256, 0, 1, 2 * 256, dtype=np.uint16)
IDD_POLYGONS = {
    "imgHeight": HEIGHT,
    "imgWidth": WIDTH,
    "objects": [
        {"label": "road", "polygon": [[0, 0], [8, 0], [8, 4], [0, 4]]},
        {"label": "autorickshaw", "polygon": [[2, 0], [3, 0], [3, 4], [2, 4]]},
    ],
}


def synthia(labels, numbers):
    """A PNG of 16 bits with labels in the first channel and numbers of objects in the second; OpenCV's order."""
    return np.dstack([np.zeros_like(labels), numbers, labels]).astype(np.uint16)


# By name: the files, and the labels of the frame named last, two columns each (None is background, a pair an object).
MINIATURES = {
    "KITTI semantics": (
        {
            "training/image_2/000000_10.png": PHOTO,
            "training/semantic/000000_10.png": IDS,
            "training/instance/000000_10.png": KITTI,
            "testing/image_2/000000_10.png": PHOTO,
        },
        ("training", "", "training_000000_10"),
        ["road", ("car", 1), ("car", 3), "car"],
    ),
    "KITTI semantics without objects": (
        {"training/image_2/000001_10.png": PHOTO, "training/semantic/000001_10.png": IDS},
        ("training", "", "000001_10"),
        ["road", "car", None, "road"],
    ),
    "BDD100K": (
        {"bdd/images/10k/val/7d-1.jpg": PHOTO, "bdd/labels/sem_seg/masks/val/7d-1.png": TRAIN_IDS},
        ("val", "", "7d-1"),
        ["road", "car", None, "road"],
    ),
    "BDD100K, first edition": (
        {"seg/images/train/0a.jpg": PHOTO, "seg/labels/train/0a_train_id.png": TRAIN_IDS},
        ("train", "", "0a"),
        ["road", "car", None, "road"],
    ),
    "ACDC": (
        {
            "rgb_anon/fog/train/GOPR0475/GOPR0475_frame_000041_rgb_anon.png": PHOTO,
            "rgb_anon/fog/train_ref/GOPR0475/GOPR0475_frame_000041_rgb_ref_anon.png": PHOTO,
            "gt/fog/train/GOPR0475/GOPR0475_frame_000041_gt_labelIds.png": IDS,
            "gt/fog/train/GOPR0475/GOPR0475_frame_000041_gt_labelTrainIds.png": TRAIN_IDS,
            "gt/fog/train/GOPR0475/GOPR0475_frame_000041_gt_labelColor.png": PHOTO,
        },
        ("train", "fog/GOPR0475", "GOPR0475_frame_000041"),
        ["road", "car", None, "road"],
    ),
    "Dark Zurich": (
        {
            "rgb_anon/val/night/GOPR0356/GOPR0356_frame_000321_rgb_anon.png": PHOTO,
            "gt/val/night/GOPR0356/GOPR0356_frame_000321_gt_labelTrainIds.png": TRAIN_IDS,
        },
        ("val", "night/GOPR0356", "GOPR0356_frame_000321"),
        ["road", "car", None, "road"],
    ),
    "GTA5": (
        {"images/00001.png": PHOTO, "labels/00001.png": (columns(ROAD, CAR, 34, 0), PALETTE_OF_IDS)},
        ("", "", "00001"),
        ["road", "car", None, None],
    ),
    "SYNTHIA": (
        {
            "RGB/0000000.png": PHOTO,
            "GT/COLOR/0000000.png": PHOTO,
            "GT/LABELS/0000000.png": synthia(columns(3, 8, 8, 0), columns(0, 5, 9, 0)),
        },
        ("", "", "0000000"),
        ["road", ("car", 5), ("car", 9), None],
    ),
    "Mapillary Vistas": (
        {
            "config_v1.2.json": VISTAS,
            "training/images/aB-1.jpg": PHOTO,
            "training/v1.2/labels/aB-1.png": columns(1, 0, 0, 2),
            "training/v1.2/instances/aB-1.png": VISTAS_OBJECTS,
        },
        ("training", "", "aB-1"),
        ["Road", ("Car", 0), ("Car", 1), None],
    ),
    "CamVid (Kaggle)": (
        {
            "class_dict.csv": "name,r,g,b\nVoid,0,0,0\nRoad,128,64,128\nCar,64,0,128\n",
            "val/0016E5_07959.png": PHOTO,
            "val_labels/0016E5_07959_L.png": columns((128, 64, 128), (64, 0, 128), (0, 0, 0), (0, 0, 0)),
        },
        ("val", "", "0016E5_07959"),
        ["Road", "Car", None, None],
    ),
    "CamVid (Cambridge)": (
        {
            "701_StillsRaw_full/0001TP_006690.png": PHOTO,
            "LabeledApproved_full/0001TP_006690_L.png": columns((128, 64, 128), (64, 0, 128), (0, 0, 0), (0, 0, 0)),
        },
        ("", "", "0001TP_006690"),
        ["Road", "Car", None, None],
    ),
    "IDD": (
        {
            "leftImg8bit/train/0/frame0029_leftImg8bit.jpg": PHOTO,
            "leftImg8bit/train/1/frame0029_leftImg8bit.jpg": PHOTO,
            "gtFine/train/0/frame0029_gtFine_polygons.json": IDD_POLYGONS,
            "gtFine/train/1/frame0029_gtFine_polygons.json": IDD_POLYGONS,
        },
        ("train", "1", "1_frame0029"),
        ["road", ("autorickshaw", 0), "road", "road"],
    ),
}


def draw(folder, files):
    """Writes files: arrays as pictures (16 bits as they are, pairs of values and palette), texts, and JSON."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content)
        elif isinstance(content, dict | list):
            path.write_text(json.dumps(content))
        elif isinstance(content, tuple):
            picture = Image.fromarray(content[0], "P")
            picture.putpalette(np.array(content[1], np.uint8).tobytes())
            picture.save(path)
        elif content.dtype == np.uint16 and content.ndim == 3:
            cv2.imwrite(str(path), content)
        else:
            Image.fromarray(content).save(path)
    return folder


def shown(annotation):
    """What an annotation has in its first row at columns 0, 2, 4, 6: labels, pairs for objects, None for background."""
    segments = [annotation.segments.get(int(key)) for key in annotation.pixels[0, ::2]]
    return [one and ((one.label, one.number) if one.number is not None else one.label) for one in segments]
