from dataclasses import replace

import numpy as np
import pytest

from common.inspection.contact_sheet import SheetFacts, draw_sheets
from common.inspection.lettering import LONGEST_TEXT, Canvas, fit_text, text_width
from common.inspection.loading import LoadedFrame, LoadOptions, load_frame
from common.inspection.panels import draw_panels, object_color, panel_size
from common.labels.tables import CITYSCAPES
from common.text import one_line

FACTS = SheetFacts("ulm", "cityscapes, 1 of 1 frame", CITYSCAPES)
COLORS = {label.name: label.color for label in CITYSCAPES}
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\n../../街道 " + "long " * 200


@pytest.fixture
def loaded(street):
    return load_frame(LoadOptions(CITYSCAPES), street)


def pixels_of(sheets, color):
    return sum(int((sheet == color).all(axis=2).sum()) for sheet in sheets)


def test_labels_lie_over_the_photograph_in_their_colours(loaded):
    photo, labels, _ = draw_panels(loaded, COLORS, (40, 20))
    assert (photo == 100).all()
    # 58 % of road, (128, 64, 128), and 42 % of the photograph: 74.24 + 42 = 116, 37.12 + 42 = 79.
    np.testing.assert_allclose(labels[18, 2], (116, 79, 116), atol=1)
    np.testing.assert_array_equal(labels[1, 2], (100, 100, 100))  # no label


def test_an_object_has_a_colour_and_a_box_around_exactly_its_pixels(loaded):
    # Four times as large: car 0 in columns 20 to 59 and rows 32 to 55; its tag stands above it.
    _, _, objects = draw_panels(loaded, COLORS, (160, 80))
    color = object_color(0)
    # The box of the group, columns 80 to 95, does not touch it.
    found = np.argwhere((objects[32:56, :80] == color).all(axis=2))
    assert (found.min(axis=0) + (32, 0)).tolist() == [32, 20]
    assert (found.max(axis=0) + (32, 0)).tolist() == [55, 59]
    assert (objects[32, 20:60] == color).all()
    assert (objects[32:56, 59] == color).all()


def test_neighbouring_objects_do_not_look_alike():
    colors = np.array([object_color(number) for number in range(60)], float)
    assert np.abs(np.diff(colors, axis=0)).max(axis=1).min() > 80


def test_a_sheet_shows_every_label_in_its_legend(loaded):
    sheets = list(draw_sheets([replace(loaded, classes=None, instances=None)], FACTS))
    for name in ("road", "person", "car"):
        assert pixels_of(sheets, COLORS[name]) >= 16 * 16, name


def test_more_frames_make_more_sheets_of_bounded_size(loaded):
    tall = replace(loaded, size_wh=(20, 40), photo=None, classes=loaded.classes.T, instances=loaded.instances.T)
    sheets = list(draw_sheets([loaded, tall] * 20, FACTS))
    assert len(sheets) > 1
    assert max(max(sheet.shape) for sheet in sheets) <= 4000


def test_frames_without_photograph_truth_or_anything_are_shown(loaded):
    broken = LoadedFrame("broken", "val/ulm", problems=("val/ulm/broken.png: is cut off",))
    bare = replace(loaded, photo=None, classes=None, instances=None, regions=(), names=())
    (sheet,) = draw_sheets([broken, bare, replace(loaded, photo=None), replace(loaded, classes=None)], FACTS)
    assert pixels_of([sheet], (176, 32, 37)) > 20  # the sentence on what is broken


def test_long_names_are_cut_to_one_plain_line(loaded):
    shown = one_line(HOSTILE, LONGEST_TEXT)
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert text_width(fit_text(HOSTILE, 16, 300), 16) <= 300
    ordinary, hostile = (
        next(draw_sheets([replace(loaded, name=name)], replace(FACTS, title=name))) for name in ("ulm", HOSTILE)
    )
    assert hostile.shape == ordinary.shape


def test_a_label_with_a_hostile_name_stays_in_the_legend(loaded):
    regions = tuple(replace(region, label=HOSTILE) for region in loaded.regions)
    (sheet,) = draw_sheets([replace(loaded, names=(HOSTILE, "road", "car"), regions=regions)], FACTS)
    assert sheet.shape[1] <= 4000


def test_polygons_far_outside_are_drawn_as_far_as_they_can_be_seen(loaded):
    far = np.array([[-1e30, -1e30], [1e30, -1e30], [1e30, 10], [-1e30, 10]])
    with_lines = draw_panels(replace(loaded, outlines=(("road", far),)), COLORS, (40, 20))[1]
    without = draw_panels(loaded, COLORS, (40, 20))[1]
    changed = np.argwhere((with_lines != without).any(axis=2))
    assert set(changed[:, 0]) <= {9, 10, 11}  # the one side that lies in the frame
    assert len(changed) > 20


def test_tags_do_not_cover_each_other():
    canvas = Canvas(np.zeros((40, 200, 3), np.uint8))
    assert canvas.tag([(10, 10)], "car 1", 14, (255, 0, 0))
    assert not canvas.tag([(12, 12)], "car 2", 14, (0, 255, 0))
    assert canvas.tag([(12, 12), (120, 10)], "car 2", 14, (0, 0, 255))
    assert not (canvas.pixels == (0, 255, 0)).all(axis=2).any()


@pytest.mark.parametrize(
    ("size_wh", "expected"),
    [((2048, 1024), (800, 400)), ((40, 20), (240, 120)), ((1, 100_000), (1, 600)), ((300, 600), (300, 600))],
)
def test_a_panel_keeps_the_shape_of_its_frame(size_wh, expected):
    assert panel_size(size_wh, (800, 600)) == expected
