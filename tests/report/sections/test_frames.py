import shutil

import numpy as np

from common.images import png
from common.report import study as study_module
from common.report.sections.frames import choose_frames
from common.report.study import collect_report, write_report
from tests.support.made_up_results import FRAMES, write_predictions, write_result, write_split


def frames_section(report):
    return next(section for section in report.sections if section.anchor == "frames")


def test_the_gallery_has_the_same_frames_for_every_approach_worst_first(study):
    scores = {"a": 0.9, "b": 0.1, "c": 0.5, "d": 0.3}
    for approach in ("subset", "subset_aug"):
        result = write_result(study, (approach, 1, 2), scores, predictions=["val"])
        write_predictions(study, "val", result, FRAMES)
    for path in (study / "models").glob("*_1_[01].json"):
        path.unlink()
    section = frames_section(collect_report(study))
    assert [frame.name for frame in section.gallery.frames] == ["b", "d", "c", "a"]
    assert {p.title for frame in section.gallery.frames for p in frame.predictions} == {"subset", "subset_aug"}
    assert section.blocks[0].rows[0][1:3] == ("0.100", "0.100")


def test_frames_are_called_chosen_only_where_some_are_left_out(study):
    for amount, is_choice in ((4, False), (3, True)):
        report = collect_report(study, frames=amount)
        section = frames_section(report)
        assert ("chosen by the scores" in section.sentences[0]) == is_choice
        assert ("chosen as" in section.blocks[0].columns) == is_choice


def test_without_saved_predictions_the_page_says_which_key_asks_for_them(study):
    shutil.rmtree(study / "test_predictions")
    section = frames_section(collect_report(study))
    assert section.gallery is None
    assert "SAVE_PREDICTIONS" in section.sentences[0]


def test_a_damaged_prediction_leaves_out_its_frame_only(study):
    for path in (study / "test_predictions").rglob("b.png"):
        path.write_bytes(b"no picture")
    gallery = frames_section(collect_report(study)).gallery
    assert [frame.name for frame in gallery.frames] == ["a", "c", "d"]


def test_a_prediction_of_another_label_map_leaves_out_its_frame(study):
    for path in (study / "test_predictions").rglob("c.png"):
        path.write_bytes(png.encode_mask(np.full((8, 16), 35, np.uint8)))
    gallery = frames_section(collect_report(study)).gallery
    assert [frame.name for frame in gallery.frames] == ["a", "b", "d"]


def test_half_of_the_chosen_frames_are_the_worst():
    chosen = choose_frames({f"{index:02}": index / 100 for index in range(40)}, 8)
    assert list(chosen) == ["00", "01", "02", "03", "19", "20", "38", "39"]
    assert [chosen[name] for name in ("00", "19", "39")] == ["one of the worst", "near the median", "one of the best"]
    assert list(choose_frames({"x": 0.5, "y": 0.2}, 8)) == ["y", "x"]


def test_the_gallery_keeps_to_its_part_of_the_10_mb(tmp_path, monkeypatch):
    frames = [f"frame_{index}" for index in range(8)]
    write_split(tmp_path, "test", frames, noise=True, size_wh=(320, 160))
    result = write_result(tmp_path, ("subset", 1, 0), dict.fromkeys(frames, 0.5), predictions=["test"])
    write_predictions(tmp_path, "test", result, frames, (320, 160))
    sizes = {}
    for budget in (5_000_000, 60_000):
        monkeypatch.setattr(study_module, "_GALLERY_BYTES", budget)
        sizes[budget] = write_report(tmp_path).html.stat().st_size
    without = write_report(tmp_path, frames=0).html.stat().st_size
    assert sizes[5_000_000] > without + 60_000
    # The controls of the gallery are not part of its budget.
    assert sizes[60_000] < without + 60_000 + 30_000
    assert without + 5_000_000 < 10_000_000
