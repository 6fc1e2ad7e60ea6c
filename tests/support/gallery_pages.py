"""Galleries of a few small frames, and what tests ask of their pages."""

import numpy as np

from common.pages.gallery import Gallery, GalleryFrame, Prediction
from common.pages.gallery_markup import render_gallery

NAMES = ("road", "car", "sky")
COLORS = ((128, 64, 128), (0, 0, 142), (70, 130, 180))
CLEAR, MARK = [0, 0, 0, 0], [255, 176, 0, 255]


def plane(left, right):
    """Two halves of 64 x 32 pixels."""
    mask = np.full((32, 64), left, np.uint8)
    mask[:, 32:] = right
    return mask


def frame(name, scores):
    """Road and sky, the last rows without a class; the first model calls the sky car, the second is right."""
    truth = plane(0, 2)
    truth[24:] = 255
    photo = np.full((32, 64, 3), 90, np.uint8)
    predictions = (Prediction("first", plane(0, 1), scores[0]), Prediction("second", plane(0, 2), scores[1]))
    return GalleryFrame(name, photo, truth, predictions)


def write_gallery(path, page_with, *frames, score_name=""):
    """Writes a page with a gallery of these frames, and returns its path."""
    path.write_text(page_with(render_gallery(Gallery(NAMES, COLORS, frames, score_name))), encoding="utf-8")
    return path


def painted(page):
    page.wait_for_selector("[data-all-painted]", state="attached")
    return page


def pixel(page, kind, x, y, index=0, name="a"):
    """Reads a pixel of the canvas of a frame, from 64 x 32."""
    return page.evaluate(
        """([kind, x, y, index, name]) => {
          const frames = [...document.querySelectorAll("[data-frame]")];
          const frame = frames.find((item) => item.querySelector("h3").textContent === name);
          const canvas = frame.querySelector(`[data-kind="${kind}"][data-index="${index}"] canvas`);
          const copy = new OffscreenCanvas(1, 1).getContext("2d");
          copy.drawImage(canvas, -x, -y);
          return [...copy.getImageData(0, 0, 1, 1).data];
        }""",
        [kind, x, y, index, name],
    )


def names_shown(page):
    return page.locator("[data-frame]:visible h3").all_inner_texts()
