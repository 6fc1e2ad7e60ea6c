import re

from common.report.charts.bars import ScoreRow, class_chart, score_chart
from common.report.charts.confusion import confusion_chart
from common.report.charts.curves import curve_panels, mean_curve
from common.report.charts.svg import Scale
from common.report.content import Report, Section, Table
from common.report.markdown import escape_markdown, to_markdown
from common.results.summary import Spread


def test_markdown_shows_names_as_they_are():
    assert escape_markdown("train_unlabeled 0.5") == "train_unlabeled 0.5"
    assert escape_markdown("_a_|*b*\nc") == r"\_a\_\|\*b\* c"
    assert escape_markdown("<b>[x](y)") == r"\<b\>\[x\](y)"
    assert escape_markdown("http://a www.b") == r"http:\/\/a www\.b"


def test_markdown_tables_keep_their_columns():
    rows = (("x|y", "1"),)
    report = Report("t", "w", (), (), (), (Section("a", "A", (), (Table("T", ("n|m", "v"), rows),)),))
    assert "| n\\|m | v |\n| --- | --: |\n| x\\|y | 1 |" in to_markdown(report)


def test_scales_end_at_round_numbers_and_hold_all_values():
    scale = Scale.over([0.19, 0.43], most_ticks=5)
    assert scale.ticks == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert scale.at(0.25) == "50.00%"
    assert Scale.over([0.0, 0.0]).high > 0
    assert Scale.over([]).high > 0


def test_bars_are_as_long_as_their_values():
    drawn = class_chart("t", ["road"], {"subset": {"road": Spread(0.25, 0.5, None, None, 2)}})
    assert 'width="25.00%"' in drawn
    # 0.25 +- 0.5, cut at 0
    assert 'x1="0.00%" x2="75.00%"' in drawn


def test_whiskers_end_where_the_interval_does():
    drawn = score_chart("t", [ScoreRow("subset", 0.5, 0.4, 0.6, (("m", 1.0),), study=0.75)])
    # the scale goes from 0 to 1
    assert 'x1="40.00%" x2="60.00%"' in drawn
    assert "the study: 0.750" in drawn


def test_text_in_drawings_is_escaped():
    drawn = class_chart("<b>", ["</svg><script>"], {"<i>": {"</svg><script>": Spread(0.5, None, None, None, 1)}})
    assert "<script>" not in drawn
    assert "<b>" not in drawn
    assert "<i>" not in drawn


def test_the_mean_curve_is_over_the_models_that_got_that_far():
    # epoch 1: (1 + 3) / 2, epoch 2: only the second
    assert mean_curve([[(1, 1.0)], [(1, 3.0), (2, 5.0)]]) == [(1, 2.0), (2, 5.0)]


def test_there_is_a_panel_per_approach_with_a_line_per_model_and_their_mean():
    curves = {"a": [[(1, 1.0), (2, 0.5)]] * 2 + [[(1, 1.0), (2, 0.8)]], "b": []}
    panels = curve_panels("t", curves)
    assert [panel.count("<path") for panel in panels] == [4, 0]
    # (0.5 + 0.5 + 0.8) / 3
    assert "mean 1.000 after epoch 1 and 0.600 after epoch 2" in panels[0]
    assert "<title>a, epoch 2: 0.600 (0.500 to 0.800, 3 models)</title>" in panels[0]
    assert "a, step 2: 0.600" in curve_panels("t", curves, "step")[0]
    assert curve_panels("t", {"a": [[]]}) == ()


def test_the_description_of_a_matrix_names_the_largest_confusion():
    drawn, table = confusion_chart("t", [[9, 0, 1], [0, 0, 0], [3, 0, 1]], ["road", "unused", "sky"])
    # 3 of 4 pixels of sky are taken for road, 1 of 10 of road for sky; the unused class is left out
    assert "taken most often: sky for road (75 %), road for sky (10 %)" in drawn
    assert table.columns == ("truth", "road", "sky")
    assert table.rows == (("road", "90.0", "10.0"), ("sky", "75.0", "25.0"))


def test_a_matrix_of_some_classes_adds_all_other_predictions_in_one_column():
    confusion = [[8, 1, 1], [2, 2, 0], [5, 5, 0]]
    drawn, table = confusion_chart("t", confusion, ["road", "sky", "void"], judged=(0, 1))
    # road: 8, 1 and 1 of 10; sky: 2, 2 and 0 of 4
    assert table.columns == ("truth", "road", "sky", "all others")
    assert table.rows == (("road", "80.0", "10.0", "10.0"), ("sky", "50.0", "50.0", ""))
    assert "<title>road: 10.0 % taken for all others, 1 pixel</title>" in drawn
    assert "<title>sky: 4 pixels; here under 0.2 %</title>" in drawn


def test_a_name_that_the_margin_has_no_room_for_stands_above_its_row():
    drawn = score_chart("t", [ScoreRow(name, 0.5, None, None, ()) for name in ("subset", "model_ensemble n2 gen0")])
    assert re.search(r'<text [^>]*text-anchor="end"[^>]*>subset<', drawn)
    assert re.search(r'<text [^>]*text-anchor="start"[^>]*>model_ensemble n2 gen0<', drawn)
