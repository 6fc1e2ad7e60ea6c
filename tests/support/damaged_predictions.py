"""Predictions that are wrong in known ways: functions of label ids and a random generator."""

import cv2
import numpy as np


def shifted(ids, rng):
    return np.roll(ids, (2, -3), (0, 1))


def noisy(ids, rng):
    hit = rng.random(ids.shape) < 0.3
    return np.where(hit, rng.integers(0, 34, ids.shape), ids).astype(np.uint8)


def blocks(ids, rng):
    # Squares of 8x8 pixels of one label each, ignored labels such as caravan and parking among them.
    height, width = ids.shape
    coarse = rng.integers(0, 34, (height // 8, width // 8)).astype(np.uint8)
    return np.where(rng.random(ids.shape) < 0.7, cv2.resize(coarse, (width, height), interpolation=0), ids)


def without_objects(ids, rng):
    return np.where(ids >= 24, 7, ids).astype(np.uint8)


def swapped(ids, rng):
    # Wrong class, right category: person and rider, car and caravan, bus and trailer.
    table = np.arange(256, dtype=np.uint8)
    table[[24, 25, 26, 29, 28, 30]] = [25, 24, 29, 26, 30, 28]
    return table[ids]


def void(ids, rng):
    return np.zeros_like(ids)


def road_on_void(ids, rng):
    return np.where(ids <= 6, 7, ids).astype(np.uint8)


def perfect(ids, rng):
    return ids


DAMAGES = (shifted, noisy, blocks, without_objects, swapped, void, road_on_void, perfect)
