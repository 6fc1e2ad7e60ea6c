import numpy as np
import pytest

from common.formats.conversion import read
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.inspection.choice import spread_frames
from common.inspection.inspection import load_inspection, write_inspection
from common.labels.tables import LabelTable, make_label

EVIL = "</script><img src=x onerror=document.title=1>"


@pytest.fixture(scope="module")
def inspected(tmp_path_factory, demo_tree):
    dataset = read(demo_tree)
    inspection = load_inspection(demo_tree, dataset, spread_frames(dataset.frames, 3))
    return inspection, write_inspection(inspection, tmp_path_factory.mktemp("inspection") / "out")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_the_page_shows_all_frames_and_fits_the_screen(inspected, open_page, width, scheme):
    inspection, written = inspected
    page = open_page(written[-1], viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert page.locator("[data-frame] h3").all_inner_texts() == [frame.name for frame in inspection.frames]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    link = page.get_by_role("link", name="sheet_1.png")
    assert (written[-1].parent / link.get_attribute("href")).is_file()


def test_masks_are_painted_in_the_colours_of_the_labels(inspected, open_page):
    inspection, written = inspected
    page = open_page(written[-1], viewport={"width": 1280, "height": 800})
    frame = inspection.frames[0]
    road = np.argwhere(frame.classes == frame.names.index("road"))
    row, column = map(int, road[len(road) // 2])
    page.locator("[data-opacity]").fill("100")
    read_pixel = f"canvas => [...canvas.getContext('2d').getImageData({column}, {row}, 1, 1).data].join()"
    canvas = page.locator('[data-frame] [data-kind="truth"] canvas').first
    is_road = f"canvas => ({read_pixel})(canvas) === '128,64,128,255'"
    assert page.wait_for_function(is_road, arg=canvas.element_handle()).json_value()


def test_markup_in_names_stays_text(tmp_path, open_page):
    pixels = np.full((8, 16), 7, np.uint16)
    frame = AnnotatedFrame(EVIL, "val", EVIL, truth=Annotation(pixels, {7: Segment(EVIL, 0)}))
    dataset = FrameDataset(LabelTable((make_label(EVIL, 7, (1, 2, 3), True),)), (frame,), "coco", notes=(EVIL,))
    inspection = load_inspection(tmp_path / EVIL.replace("/", ""), dataset, [frame])
    page = open_page(write_inspection(inspection, tmp_path / "out")[-1])
    assert page.locator("img").count() == 0
    assert page.title() == inspection.title
    assert page.locator("[data-frame] h3").inner_text() == EVIL
