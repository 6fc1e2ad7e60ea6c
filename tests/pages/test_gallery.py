import base64
import html
import json
import re
import zlib
from functools import partial

import cv2
import numpy as np
import pytest
from jinja2 import UndefinedError

from common.pages.gallery import Gallery, GalleryFrame, GalleryObject, Prediction
from common.pages.gallery_frames import LARGE_FIRST
from common.pages.gallery_markup import render_gallery
from common.pages.page import TEMPLATES, environment, render_page

NAMES = ("road", "car", "sky")
COLORS = ((128, 64, 128), (0, 0, 142), (70, 130, 180))
HOSTILE = "</script><script>window.hacked=1</script>"


def gallery(*frames, **more):
    return Gallery(NAMES, COLORS, frames, **more)


def frame_data(markup):
    found = re.findall(r'<script type="application/json" data-frame-values>(.*?)</script>', markup, re.DOTALL)
    return [json.loads(text) for text in found]


def legend(markup):
    return json.loads(re.search(r"data-classes>(.*?)</script>", markup).group(1))


def unpack(text, width, dtype=np.uint8):
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype).reshape(-1, width)


def street(width=64, height=32, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 3, (height // 8, width // 8), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)


def test_masks_arrive_as_they_were():
    truth = street()
    truth[:4] = 255
    (data,) = frame_data(render_gallery(gallery(GalleryFrame("a", truth=truth))))
    assert np.array_equal(unpack(data["truth"], 64), truth)


def test_object_numbers_above_255_arrive_as_they_were():
    numbers = np.array([[0, 1, 255], [256, 257, 40_000]], np.uint16)
    objects = tuple(GalleryObject("car", f"car {i}", (0, 0, 1, 1)) for i in range(3))
    (data,) = frame_data(render_gallery(gallery(GalleryFrame("a", instances=numbers, objects=objects))))
    assert np.array_equal(unpack(data["instances"], 3, "<u2"), numbers)


def test_boxes_are_shares_of_the_mask_they_were_measured_in():
    item = GalleryObject("car", "car 1", (16, 8, 32, 4))
    frame = GalleryFrame(
        "a", np.zeros((64, 128, 3), np.uint8), instances=np.zeros((32, 64), np.uint16), objects=(item,)
    )
    (data,) = frame_data(render_gallery(gallery(frame)))
    # 16 / 64, 8 / 32, 32 / 64, 4 / 32
    assert data["objects"] == [{"class": 1, "text": "car 1", "box": [0.25, 0.25, 0.5, 0.125]}]


def test_large_pictures_become_640_pixels_wide_and_masks_keep_their_values():
    truth = street(2048, 1024)
    truth[truth == 1] = 255
    frame = GalleryFrame("a", np.zeros((1024, 2048, 3), np.uint8), truth)
    markup = render_gallery(gallery(frame))
    (data,) = frame_data(markup)
    assert 'width="640" height="320"' in markup
    assert set(np.unique(unpack(data["truth"], 640)).tolist()) == {0, 2, 255}


def test_larger_pictures_are_taken_where_they_fit_the_budget():
    markup = partial(render_gallery, gallery(*noisy_frames(2, scale=2)), qualities=LARGE_FIRST)
    assert 'width="1280" height="640"' in markup(budget=6_000_000)
    smaller = markup(budget=1_500_000)
    assert 'width="640" height="320"' in smaller
    assert "Pictures are reduced to 640 pixels" in smaller


def test_planes_of_different_sizes_come_to_the_size_of_the_largest():
    prediction = Prediction("m", np.array([[0, 1]], np.uint8))
    frame = GalleryFrame("a", np.zeros((8, 16, 3), np.uint8), np.array([[2]], np.uint8), (prediction,))
    (data,) = frame_data(render_gallery(gallery(frame)))
    assert unpack(data["truth"], 16).shape == (8, 16)
    assert unpack(data["predictions"][0], 16)[3].tolist() == [0] * 8 + [1] * 8


@pytest.mark.parametrize(
    ("frame", "kinds"),
    [
        (GalleryFrame("a"), []),
        (GalleryFrame("a", photo=np.zeros((2, 4, 3), np.uint8)), ["photo"]),
        (GalleryFrame("a", truth=street()), ["truth"]),
        (GalleryFrame("a", predictions=(Prediction("m", street()),)), ["prediction"]),
        (
            GalleryFrame("a", truth=street(), predictions=(Prediction("m", street()),)),
            ["truth", "prediction", "errors"],
        ),
        (GalleryFrame("a", instances=np.zeros((2, 4), np.uint16)), ["objects"]),
    ],
)
def test_a_frame_shows_what_it_has(frame, kinds):
    assert re.findall(r'data-kind="(\w+)"', render_gallery(gallery(frame))) == kinds


def test_a_gallery_without_frames_says_so():
    assert "There are no frames to show." in render_gallery(gallery())


def test_pictures_are_put_in_words():
    truth = np.array([[0, 0, 0, 1], [255, 255, 2, 2]], np.uint8)
    predicted = np.array([[0, 0, 1, 1], [1, 1, 2, 0]], np.uint8)
    markup = render_gallery(gallery(GalleryFrame("a", truth=truth, predictions=(Prediction("m", predicted, 0.5),))))
    # Of 8 pixels 3 are road, 2 sky, 1 car, 2 none; of the 6 with a class the third and the last are predicted wrong.
    assert "Ground truth: road 38 %, sky 25 %, no class 25 %, car 12 %" in markup
    assert "Prediction of m: car 50 %, road 38 %, sky 12 %; score 0.500" in markup
    assert "Errors of m: 33 % of the pixels are wrong" in markup


def test_the_legend_has_the_classes_that_occur_the_most_frequent_first():
    truth = np.array([[2, 2, 2, 0], [255, 255, 255, 255]], np.uint8)
    predicted = np.full((2, 4), 7, np.uint8)
    items = legend(render_gallery(gallery(GalleryFrame("a", truth=truth, predictions=(Prediction("m", predicted),)))))
    assert [(item["name"], item["share"]) for item in items] == [
        ("sky", "38 %"),
        ("road", "12 %"),
        ("class 7 (has no name)", "0 %"),
        ("no class", "50 %"),
    ]


def test_markup_in_names_stays_text():
    item = GalleryObject("car", HOSTILE, (0, 0, 1, 1))
    prediction = Prediction(HOSTILE, street(), 0.5)
    frame = GalleryFrame(HOSTILE, None, street(), (prediction,), np.zeros((2, 2), np.uint16), (item,), HOSTILE)
    markup = render_gallery(Gallery((HOSTILE, "car", "sky"), COLORS, (frame,), HOSTILE))
    assert "window.hacked=1</script>" not in markup
    assert frame_data(markup)[0]["name"] == HOSTILE
    assert HOSTILE in [item["name"] for item in legend(markup)]


def test_a_name_that_is_not_utf_8_gives_a_page_that_is(page_with):
    page = page_with(render_gallery(gallery(GalleryFrame("caf\udce9", truth=street()))))
    assert "caf?" in page
    page.encode("utf-8")


def test_a_score_that_is_not_a_number_is_left_out():
    predictions = (Prediction("m", street(), float("nan")), Prediction("n", street(), np.float32(0.25)))
    (data,) = frame_data(render_gallery(gallery(GalleryFrame("a", truth=street(), predictions=predictions))))
    assert data["scores"] == [[None], [0.25]]


def noisy_frames(count, scale=1):
    rng = np.random.default_rng(1)
    noise = [rng.integers(0, 3, (320 * scale, 640 * scale), np.uint8) for _ in range(2)]
    photo = rng.integers(0, 256, (320 * scale, 640 * scale, 3), np.uint8)
    return [GalleryFrame(f"frame {i}", photo, noise[0], (Prediction("m", noise[1], i / 10),)) for i in range(count)]


def test_a_gallery_keeps_its_budget_and_says_what_it_left_out():
    frames = noisy_frames(3)
    whole, small, tiny = (render_gallery(gallery(*frames), budget) for budget in (4_000_000, 350_000, 120_000))
    assert "so that this page stays small" not in whole
    assert len(small) <= 350_000
    assert len(frame_data(small)) == 3
    assert "Pictures are reduced to" in small
    assert len(tiny) <= 120_000
    assert "of 3 frames are left out" in tiny
    assert [data["name"] for data in frame_data(tiny)] == ["frame 0"]


def test_a_frame_with_four_masks_takes_less_than_80_kilobytes():
    blur = cv2.GaussianBlur(np.random.default_rng(2).integers(0, 256, (512, 1024, 3), np.uint8), (0, 0), 3)
    predictions = tuple(Prediction(f"m{i}", street(1024, 512, i), 0.5) for i in range(3))
    frames = [GalleryFrame(f"frame {i}", blur, street(1024, 512, 9), predictions) for i in range(3)]
    markup = render_gallery(gallery(*frames))
    assert len(markup) < 40_000 + 3 * 80_000
    assert "left out" not in markup


def test_the_same_gallery_gives_the_same_page(page_with):
    pages = [page_with(render_gallery(gallery(*noisy_frames(1)))) for _ in range(2)]
    assert pages[0] == pages[1]


def test_a_page_allows_no_network_and_only_the_scripts_put_into_it(page_with):
    policy = html.unescape(re.search(r'Content-Security-Policy" content="(.*?)"', page_with("")).group(1))
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert all(source.startswith("'sha256-") for source in rules["script-src"].split())
    assert "unsafe" not in policy


def test_pages_escape_text(page_with):
    assert "<b>" not in page_with("<b>bold</b>", title="<b>")


def test_a_template_that_uses_what_it_was_not_given_is_refused():
    with pytest.raises(UndefinedError):
        render_page(
            environment().from_string('{% extends "base.html.j2" %}{% block title %}{{ missing }}{% endblock %}')
        )


def luminance(color):
    """Relative luminance as WCAG 2 defines it, of "#rrggbb"."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_of_pages_have_the_contrast_that_wcag_asks_for(theme):
    css = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    colors = {name: values[theme] for name, *values in pairs}
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    for name in ("ink", "soft", "accent", "good", "bad"):
        assert min(contrast(colors[name], colors[ground]) for ground in ("paper", "panel")) >= 4.5, name
    for name in ("strong-line", *(f"series-{i}" for i in range(1, 9))):
        assert contrast(colors[name], colors["paper"]) >= 3, name


def test_browsers_without_light_dark_get_every_light_colour():
    css = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    fallback = css[css.index("@supports not") :].split("}")[0]
    light = re.findall(r"--([\w-]+): light-dark\((#\w{6}), ", css)
    assert re.findall(r"--([\w-]+): (#\w{6});", fallback) == light
    assert len(light) == 17
