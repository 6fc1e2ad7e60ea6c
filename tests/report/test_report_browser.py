import pytest

from common.report.study import write_report
from tests.support.made_up_results import write_predictions, write_result, write_split

PHONE = {"width": 360, "height": 740}
HOSTILE = "x" * 300


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """The page of a small study whose best model has a class with a long name."""
    base_dir = tmp_path_factory.mktemp("study")
    frames = ("a", "b", "c")
    write_split(base_dir, "test", frames)
    for approach, score in (("subset", 0.2), ("full_dataset", 0.5)):
        for index in (0, 1):
            scores = dict.fromkeys(frames, score + 0.1 * index)
            versions = {"keras": HOSTILE}
            result = write_result(base_dir, (approach, 1, index), scores, predictions=["test"], versions=versions)
            write_predictions(base_dir, "test", result, frames)
    return write_report(base_dir).html


def test_the_page_opens_from_disk_with_all_its_parts(open_page, page_file):
    page = open_page(page_file)
    titles = page.locator("h2").all_inner_texts()
    assert titles == [
        "Results", "Learning curves", "Classes", "Confusions", "Frames", "Data", "Settings, versions, durations",
    ]  # fmt: skip
    assert "full_dataset has the highest mIoU on test" in page.locator(".lead").inner_text()
    row = page.locator("#results table tbody tr").nth(1)
    assert row.locator("th").inner_text() == "full_dataset"
    # (0.5 + 0.6) / 2
    # A number and its deviation stay on one line.
    assert row.locator("td").first.inner_text().startswith("0.550\u00a0±\u00a00.071")


def test_every_drawing_has_a_text_alternative_and_can_be_seen(open_page, page_file):
    page = open_page(page_file)
    drawings = page.locator(".drawing > svg")
    assert drawings.count() >= 8
    for drawing in drawings.all():
        assert drawing.get_attribute("role") == "img"
        assert len(drawing.get_attribute("aria-label")) > 20
    assert page.locator("svg .bar").first.bounding_box()["width"] > 100
    # The style sheet is in force: a series has its colour, not SVG's black.
    assert page.locator("svg .bar").first.evaluate("e => getComputedStyle(e).fill") != "rgb(0, 0, 0)"


def test_the_page_turns_to_the_other_metric_by_keyboard_and_without_scripts(chromium, open_page, page_file):
    page = open_page(page_file)
    titles = page.locator("#results h3:visible")
    assert titles.first.inner_text() == "mIoU on test, paper metric"
    page.locator("#metric-1").focus()
    page.keyboard.press("ArrowRight")
    assert titles.first.inner_text() == "mIoU on test, official definition, 19 classes"
    assert page.locator("#results h3:visible", has_text="paper metric").count() == 0
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    page.get_by_text("official definition", exact=True).click()
    assert page.locator("#results h3:visible").first.inner_text() == "mIoU on test, official definition, 19 classes"
    context.close()


def test_curves_and_matrices_tell_their_values_and_turn_to_other_views(open_page, page_file):
    page = open_page(page_file)
    tip = page.locator(".value-tip")
    page.locator("#curves .drawing:visible .hit").first.hover()
    # subset, two models with mIoU_val 0 after the first epoch
    assert tip.inner_text() == "subset, epoch 1: 0.000 (0.000 to 0.000, 2 models)"
    page.locator("#confusions .drawing:visible .cell.right").first.hover()
    assert tip.inner_text() == "road: 75.0 % correct, 60 pixels"
    shown = page.locator("#confusions figure").first.locator(".drawing:visible")
    assert shown.get_attribute("data-view") == "1"
    page.locator("#confusions .views input").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#confusions .views :checked + span").inner_text() == "the 19 evaluated classes"
    assert shown.get_attribute("data-view") == "2"


def test_numbers_of_a_chart_open_by_keyboard(open_page, page_file):
    page = open_page(page_file)
    details = page.locator("#classes details").first
    assert not details.locator("table").is_visible()
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    assert details.locator("table").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_does_not_scroll_sideways_on_a_phone(open_page, page_file, scheme):
    page = open_page(page_file, viewport=PHONE, color_scheme=scheme)
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_names_of_approaches_are_not_broken_on_a_phone(open_page, page_file):
    page = open_page(page_file, viewport=PHONE)
    name = page.locator('[data-kind="prediction"] figcaption .name', has_text="full_dataset").first
    lines = "e => e.getClientRects().length > 0 && e.offsetHeight / parseFloat(getComputedStyle(e).lineHeight)"
    # One line of text.
    assert 0 < name.evaluate(lines) < 1.5


def test_a_frame_printed_before_it_was_painted_says_so(open_page, page_file):
    page = open_page(page_file)
    page.emulate_media(media="print")
    said = "frame => getComputedStyle(frame, '::after').content"
    frame = page.locator("[data-frame]").first
    page.wait_for_selector("[data-frame][data-painted]")
    assert frame.evaluate(said) == "none"
    frame.evaluate("frame => frame.removeAttribute('data-painted')")
    assert "Not painted when this was printed" in frame.evaluate(said)


def test_the_theme_changes_the_charts(open_page, page_file):
    colors = [
        open_page(page_file, color_scheme=scheme).locator("svg .bar").first.evaluate("e => getComputedStyle(e).fill")
        for scheme in ("light", "dark")
    ]
    assert colors[0] != colors[1]
