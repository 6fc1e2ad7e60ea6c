from common.pages.gallery import GalleryFrame, Prediction
from tests.support.gallery_pages import CLEAR, MARK, names_shown, painted, pixel, plane, write_gallery


def test_models_stand_in_one_row_and_can_be_left_out(open_page, page_with, tmp_path):
    predictions = tuple(Prediction(f"model {number}", plane(0, 1), 0.5) for number in range(10))
    frames = tuple(GalleryFrame(name, None, plane(0, 2), predictions) for name in "ab")
    path = write_gallery(tmp_path / "many.html", page_with, *frames, score_name="IoU")
    page = open_page(path, viewport={"width": 1400, "height": 900})
    tops = "[...document.querySelector('.columns').children].map((one) => one.offsetTop)"
    assert len(set(page.evaluate(tops))) == 1
    assert page.evaluate("document.documentElement.scrollWidth") == 1400
    # All rows are scrolled together.
    page.locator(".columns").first.evaluate("row => { row.scrollLeft = 300; }")
    page.wait_for_function("[...document.querySelectorAll('.columns')].every((row) => row.scrollLeft === 300)")
    page.locator("[data-models] summary").click()
    page.locator("[data-column='3']").click()
    shown = page.locator(".columns").nth(1).locator(".column:visible [data-kind=prediction] figcaption .name")
    assert shown.all_inner_texts() == [f"model {number}" for number in range(10) if number != 3]


def test_frames_are_found_by_what_is_right_in_one_model_and_wrong_in_another(open_page, page_with, tmp_path):
    right, wrong = Prediction("right", plane(0, 2)), Prediction("wrong", plane(0, 1))
    frames = (
        GalleryFrame("all right", None, plane(0, 2), (right, right)),
        GalleryFrame("half wrong", None, plane(0, 2), (right, wrong)),
        GalleryFrame("both wrong", None, plane(0, 2), (wrong, wrong)),
    )
    page = painted(open_page(write_gallery(tmp_path / "compared.html", page_with, *frames)))
    assert pixel(page, "errors", 60, 5, 1, "both wrong") == MARK
    page.locator("[data-comparison] summary").click()
    page.locator("[data-right]").select_option(label="right")
    page.locator("[data-wrong]").select_option(index=2)
    page.locator("[data-compared]:visible").wait_for()
    assert names_shown(page) == ["half wrong"]
    assert "50.0 % of the pixels are right in right and wrong in wrong" in page.locator("article:visible").inner_text()
    page.wait_for_function("document.querySelectorAll('[data-frame][hidden]').length === 2")
    assert pixel(page, "errors", 60, 5, 1, "half wrong") == MARK
    page.locator("[data-right]").select_option(label="any model")
    page.wait_for_function("document.querySelectorAll('[data-frame][hidden]').length === 0")


def test_the_viewer_compares_two_pictures_and_zooms_both(open_page, path):
    page = painted(open_page(path))
    page.locator("[data-frame]", has_text="second").first.locator("[data-enlarge]").nth(1).click()
    viewer = page.get_by_role("dialog")
    viewer.get_by_label("Compare with").select_option(label="Prediction of first")
    assert viewer.locator(".pane").count() == 2
    first, second = (pane.bounding_box() for pane in viewer.locator(".pane").all())
    assert second["x"] >= first["x"] + first["width"]
    viewer.get_by_label("Together").select_option("wipe")
    viewer.get_by_label("Where the two pictures meet").fill("25")
    first, second = (pane.bounding_box() for pane in viewer.locator(".pane").all())
    assert first == second
    assert viewer.locator(".pane").nth(1).evaluate("e => getComputedStyle(e).clipPath") == "inset(0px 0px 0px 25%)"
    viewer.get_by_role("button", name="Zoom in").click()
    widths = {round(stage.bounding_box()["width"]) for stage in viewer.locator(".stage").all()}
    assert widths == {round(1.5 * first["width"])}
    # Legend and opacity come along, and work here.
    viewer.get_by_role("button", name="sky").click()
    viewer.get_by_label("Opacity").fill("20")
    assert viewer.locator("canvas").first.evaluate("e => getComputedStyle(e).opacity") == "0.2"
    viewer.get_by_role("button", name="Close").click()
    assert page.locator(".gallery-bar [data-legend]").is_visible()
    assert pixel(page, "truth", 60, 5) == CLEAR
