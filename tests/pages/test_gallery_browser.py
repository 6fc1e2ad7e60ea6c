import json

import numpy as np
import pytest
from markupsafe import Markup

from common.labels.maps import study_label_map
from common.pages.gallery import Gallery, GalleryFrame, GalleryObject, Prediction
from common.pages.gallery_markup import render_gallery
from tests.support.gallery_pages import CLEAR, COLORS, MARK, NAMES, names_shown, painted, pixel, plane

SCRIPT = "</script><script>window.hacked=1</script>"
HOSTILE = (SCRIPT, "\"><img src=x onerror='window.hacked=2'>", "\u202egnp.eman", "n" * 300, "'\"`${window.hacked=3}")
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


def test_masks_are_painted_in_the_colours_of_their_classes(open_page, path):
    page = painted(open_page(path))
    assert pixel(page, "truth", 5, 5) == [128, 64, 128, 255]
    assert pixel(page, "prediction", 60, 5) == [0, 0, 142, 255]
    assert page.locator("h1").inner_text() == "Trial"


def test_error_maps_mark_wrong_pixels_and_leave_those_without_a_class_neutral(open_page, path):
    page = painted(open_page(path))
    assert pixel(page, "errors", 60, 5) == MARK
    assert pixel(page, "errors", 5, 5) == CLEAR
    assert pixel(page, "errors", 60, 5, index=1) == CLEAR
    for x in (5, 60):
        red, green, blue, _ = pixel(page, "errors", x, 30)
        assert max(red, green, blue) - min(red, green, blue) < 40


def test_a_class_goes_and_comes_back_with_its_button(open_page, path):
    page = painted(open_page(path))
    button = page.get_by_role("button", name="road")
    button.click()
    page.wait_for_function("document.querySelector('[data-class=\"0\"]').getAttribute('aria-pressed') === 'false'")
    assert pixel(page, "truth", 5, 5) == CLEAR
    assert pixel(page, "truth", 60, 5) == [70, 130, 180, 255]
    button.click()
    assert pixel(page, "truth", 5, 5) == [128, 64, 128, 255]


def test_all_and_none_switch_every_class(open_page, path):
    page = painted(open_page(path))
    page.get_by_role("button", name="None", exact=True).click()
    assert [pixel(page, "truth", x, 5) for x in (5, 60)] == [CLEAR, CLEAR]
    assert pixel(page, "errors", 60, 5) == CLEAR
    page.get_by_role("button", name="All", exact=True).click()
    assert pixel(page, "errors", 60, 5) == MARK


def test_the_slider_fades_masks_and_not_the_photograph(open_page, path):
    page = painted(open_page(path))
    page.get_by_label("Opacity").fill("20")
    canvas = page.locator('[data-kind="truth"] canvas').first
    assert float(canvas.evaluate("item => getComputedStyle(item).opacity")) == pytest.approx(0.2)
    photo = page.locator('[data-kind="photo"] img').first
    assert photo.evaluate("item => [getComputedStyle(item).opacity, item.naturalWidth]") == ["1", 64]


def test_the_worst_frames_of_the_chosen_model_come_first(open_page, path):
    page = painted(open_page(path))
    assert names_shown(page) == ["b", "a", "c"]
    order = page.get_by_label("Order")
    order.select_option(label="Worst first: second")
    assert names_shown(page) == ["c", "b", "a"]
    order.select_option(label="Best first: first")
    assert names_shown(page) == ["c", "a", "b"]
    order.select_option(label="By name")
    assert names_shown(page) == ["a", "b", "c"]


def test_frames_are_found_by_a_part_of_their_name(open_page, path):
    page = painted(open_page(path))
    page.get_by_label("Find a frame").fill("C")
    assert names_shown(page) == ["c"]
    assert page.locator("[data-count]").inner_text() == "1 of 3 frames"


def test_the_pointer_reads_truth_and_predictions(open_page, path):
    page = painted(open_page(path))
    item = page.locator("[data-frame]", has=page.get_by_role("heading", name="a", exact=True))
    stage = item.locator('[data-kind="truth"] .stage')
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.2 * box["height"])
    item.get_by_text("truth: sky").wait_for()
    assert " ".join(item.locator(".readout").inner_text().split()) == "truth: sky · first: car (wrong) · second: sky"
    assert item.locator(".point").count() == 6


def test_a_tap_reads_as_well(open_page, path):
    page = painted(open_page(path, **PHONE))
    stage = page.locator('[data-kind="truth"] .stage').first
    stage.scroll_into_view_if_needed()
    stage.tap()
    page.locator("[data-frame]").first.get_by_text("truth:").wait_for()
    assert page.locator(".point").count() == 6
    page.locator("[data-enlarge]").first.tap()
    page.get_by_role("button", name="Next picture").tap()
    page.locator("[data-viewer-picture]").get_by_text("Ground truth").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def legend_of_35_classes(page_with, folder):
    study = study_label_map()
    mask = np.repeat(np.arange(35, dtype=np.uint8), 64).reshape(-1, 64)
    path = folder / "study.html"
    page = render_gallery(Gallery(study.names, study.colors, (GalleryFrame("a", truth=mask),)))
    path.write_text(page_with(page), encoding="utf-8")
    return path


SWATCHES = """() => [...document.querySelectorAll(".swatch")].map((canvas) => {
  const copy = new OffscreenCanvas(16, 16).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  return [...copy.getImageData(0, 0, 16, 16).data];
})"""
# Linear light without green cones, after F. Viénot, H. Brettel and J. Mollon, 1999.
GREEN_BLIND = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])


def as_green_blind(swatches):
    linear = (np.array(swatches).reshape(len(swatches), -1, 4)[:, :, :3] / 255) ** 2.2
    return np.clip(linear @ GREEN_BLIND.T, 0, 1) ** (1 / 2.2) * 255


def smallest_difference(pictures):
    pairs = [(a, b) for i, a in enumerate(pictures) for b in pictures[:i]]
    return min(np.abs(a - b).max(axis=-1).mean() for a, b in pairs)


def test_on_demand_35_classes_can_be_told_apart_without_green_cones(open_page, page_with, tmp_path):
    page = painted(open_page(legend_of_35_classes(page_with, tmp_path)))
    before = smallest_difference(as_green_blind(page.evaluate(SWATCHES)))
    button = page.get_by_role("button", name="Colour-blind safe")
    button.click()
    after = smallest_difference(as_green_blind(page.evaluate(SWATCHES)))
    # The official table has five black labels. The mean difference of two swatches, of 255 steps:
    assert before == 0
    assert after > 12
    assert button.get_attribute("aria-pressed") == "true"


def test_everything_can_be_done_with_keys(open_page, path):
    page = painted(open_page(path))
    seen = []
    for _ in range(16):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim().split(/\\s+/)[0]"))
    assert seen[:2] == ["Skip", "Dark"]
    assert {"All", "None", "road", "car", "sky"} <= set(seen)
    page.locator("[data-class]").first.focus()
    page.keyboard.press("Space")
    assert page.locator("[data-class]").first.get_attribute("aria-pressed") == "false"
    page.locator("[data-enlarge]").nth(1).focus()
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog")
    assert viewer.locator("[data-viewer-name]").inner_text() == "b"
    page.keyboard.press("ArrowRight")
    viewer.locator("[data-viewer-name]").get_by_text("a", exact=True).wait_for()
    page.keyboard.press("ArrowDown")
    viewer.locator("[data-viewer-picture]", has_text="Prediction of first").wait_for()
    page.keyboard.press("Shift+ArrowRight")
    viewer.get_by_text("first: car (wrong)").wait_for()
    page.keyboard.press("Escape")
    viewer.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.matches('[data-enlarge]')")


def test_objects_have_colours_and_boxes_of_their_own_and_go_with_their_class(open_page, page_with, tmp_path):
    numbers = np.zeros((32, 64), np.uint16)
    numbers[8:16, :16], numbers[8:16, 32:48] = 1, 2
    objects = (GalleryObject("car", "car 1", (0, 8, 16, 8)), GalleryObject("sky", SCRIPT, (32, 8, 16, 8)))
    frames = (GalleryFrame("a", np.zeros((32, 64, 3), np.uint8), plane(0, 2), (), numbers, objects),)
    path = tmp_path / "objects.html"
    path.write_text(page_with(render_gallery(Gallery(NAMES, COLORS, frames))), encoding="utf-8")
    page = painted(open_page(path))
    first, second = pixel(page, "objects", 4, 10), pixel(page, "objects", 40, 10)
    assert first != second
    assert first[3] == second[3] == 255
    assert pixel(page, "objects", 4, 20) == CLEAR
    stage = page.locator('[data-kind="objects"] .stage').bounding_box()
    box = page.locator(".box").nth(1).bounding_box()
    assert (box["x"] - stage["x"]) / stage["width"] == pytest.approx(0.5, abs=0.01)
    assert box["height"] / stage["height"] == pytest.approx(0.25, abs=0.01)
    assert page.locator(".box").all_inner_texts() == ["car 1", SCRIPT]
    page.get_by_role("button", name="car").click()
    page.wait_for_function("document.querySelectorAll('.box').length === 1")
    assert pixel(page, "objects", 4, 10) == CLEAR


def test_hostile_names_stay_text(open_page, page_with, tmp_path):
    frames = tuple(
        GalleryFrame(name, None, plane(0, 1), (Prediction(name, plane(1, 2), 0.1 * i),), remark=name)
        for i, name in enumerate(HOSTILE)
    )
    path = tmp_path / "hostile.html"
    page = page_with(
        render_gallery(Gallery((HOSTILE[0], HOSTILE[1], HOSTILE[3]), COLORS, frames, SCRIPT)), title=SCRIPT
    )
    path.write_text(page, encoding="utf-8")
    page = painted(open_page(path, **PHONE))
    assert page.locator("[data-frame] h3").all_text_contents() == list(HOSTILE)
    assert page.locator("[data-legend] .name").first.text_content() in HOSTILE
    page.locator("[data-enlarge]").first.click()
    assert page.locator("[data-viewer-name]").text_content() == HOSTILE[0]
    page.locator("[data-close]").click()
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_a_phone_in_both_schemes(open_page, path, scheme):
    page = painted(open_page(path, color_scheme=scheme, **PHONE))
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.locator("[data-legend] summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    sizes = page.evaluate(
        "[...document.querySelectorAll('button')].filter((b) => b.offsetParent).map((b) => b.offsetHeight)"
    )
    assert min(sizes) >= 36


def test_the_button_turns_the_page_dark_and_light(open_page, path):
    background = "getComputedStyle(document.body).backgroundColor"
    page = painted(open_page(path, color_scheme="light"))
    light = page.evaluate(background)
    page.get_by_role("button", name="Dark theme").click()
    dark = page.evaluate(background)
    assert light == "rgb(255, 255, 255)"
    assert max(json.loads(dark.replace("rgb(", "[").replace(")", "]"))) < 50
    page.get_by_role("button", name="Light theme").click()
    assert page.evaluate(background) == light


def test_printing_paints_frames_that_were_never_seen(open_page, page_with, tmp_path):
    # 30 frames of 5 pictures of 640 x 480 pixels: too many to be painted in spare time.
    mask = np.zeros((480, 640), np.uint8)
    predictions = (Prediction("m", mask, 0.5), Prediction("n", mask, 0.5))
    frames = tuple(GalleryFrame(f"frame {i}", None, mask, predictions) for i in range(30))
    path = tmp_path / "long.html"
    path.write_text(page_with(render_gallery(Gallery(NAMES, COLORS, frames))), encoding="utf-8")
    page = open_page(path)
    page.wait_for_selector("[data-painted]", state="attached")
    assert page.locator("[data-painted]").count() < 30
    page.emulate_media(media="print")
    painted(page)
    assert page.locator("[data-painted]").count() == 30
    assert not page.locator("[data-order]").is_visible()


def test_pictures_have_text_alternatives(open_page, path):
    page = painted(open_page(path))
    assert page.get_by_role("img", name="Ground truth: road 38 %, sky 38 %, no class 25 %").count() == 3
    assert page.get_by_role("img", name="Errors of first: 50 % of the pixels are wrong").count() == 3
    unnamed = "[...document.querySelectorAll('button')].filter((b) => !(b.textContent + b.ariaLabel).trim()).length"
    assert page.evaluate(unnamed) == 0


def test_an_old_browser_gets_a_sentence(chromium, path):
    context = chromium.new_context()
    context.add_init_script("delete window.DecompressionStream")
    page = context.new_page()
    page.goto(path.as_uri())
    assert "cannot unpack the masks" in page.locator("[data-problem]").inner_text()
    context.close()


def test_markup_that_got_past_the_escaping_neither_runs_nor_fetches(chromium, page_with, tmp_path):
    path = tmp_path / "page.html"
    leak = "<script>window.hacked=1</script><img src=http://127.0.0.1:9/x.png onerror='window.hacked=2'>"
    path.write_text(page_with(Markup(leak)), encoding="utf-8")
    context = chromium.new_context()
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(path.as_uri())
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert sum("Content Security Policy" in text for text in complaints) == 3
    context.close()
