import json
import shutil

import numpy as np
import pytest

from common.dataset.original.layouts import find_frames
from common.errors import ConfigError, DataError
from common.images.png import encode_mask, read_instance_mask, read_mask
from common.tools import convert, evaluate
from tests.support.blocks import write_masks


@pytest.fixture(scope="module")
def predictions(demo_tree, tmp_path_factory):
    """Predictions for the 8 validation frames of the demo tree, moved by some pixels."""
    folder = tmp_path_factory.mktemp("predictions")
    for frame in find_frames(demo_tree / "gtFine" / "val"):
        ids = read_mask(frame.files["labelIds"])
        (folder / f"{frame.name}.png").write_bytes(encode_mask(np.roll(ids, 4, axis=1)))
    return folder


def run(*arguments):
    evaluate.main([str(argument) for argument in (*arguments, "--workers", 1)])


def test_both_protocols_are_printed_apart_and_written_as_json(predictions, demo_tree, tmp_path, capsys):
    run(predictions, demo_tree, "--json", tmp_path / "result.json")
    output = capsys.readouterr().out
    result = json.loads((tmp_path / "result.json").read_text())
    city, paper = output.split("Paper metric:")
    mean = next(line for line in city.splitlines() if line.startswith("mean of"))
    assert f"{result['averageScoreClasses']:.4f}" in mean
    assert f"{result['averageScoreInstClasses']:.4f}" in mean
    assert f"{result['paper']['mIoU']:.4f}" in next(line for line in paper.splitlines() if line.startswith("mIoU"))
    assert f"{result['averageScoreClasses']:.4f}" not in paper
    assert "no predictions for 'train'" in output


def test_json_on_the_terminal_is_json_alone(predictions, demo_tree, capsys):
    run(predictions, demo_tree, "--json", "-", "--protocol", "paper")
    result = json.loads(capsys.readouterr().out)
    assert "classScores" not in result
    assert len(result["paper"]["images"]) == 8


def test_missing_predictions_are_an_error_and_with_partial_said_first(predictions, demo_tree, tmp_path, capsys):
    some = tmp_path / "some"
    shutil.copytree(predictions, some)
    next(some.iterdir()).unlink()
    with pytest.raises(DataError, match="no prediction for 1 of 8 frames"):
        run(some, demo_tree)
    run(some, demo_tree, "--partial")
    assert capsys.readouterr().out.startswith("note: PARTIAL: no prediction for 1 of 8 frames")


def test_options_about_pixels_are_refused_for_other_tasks(predictions, demo_tree):
    with pytest.raises(ConfigError, match="--task panoptic takes only --json and --workers"):
        run(predictions, demo_tree, "--task", "panoptic", "--partial")


def test_segments_that_convert_wrote_have_full_panoptic_quality_and_what_was_left_out_is_said(
    demo_tree, tmp_path, capsys
):
    convert.main([str(demo_tree), str(tmp_path / "out"), "--to", "coco-panoptic", "--splits", "val", "--workers", "1"])
    (file,) = (tmp_path / "out").rglob("*.json")
    content = json.loads(file.read_text())
    content["annotations"].append({**content["annotations"][0], "image_id": "evil\x1b[2J"})
    file.write_text(json.dumps(content))
    capsys.readouterr()
    run(tmp_path / "out", demo_tree, "--task", "panoptic", "--json", tmp_path / "result.json")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "note: 20 of 28 frames of the truth are in splits without a prediction; left out",
        "note: no frame of the truth belongs to 1 prediction: 'evil\\x1b[2J'",
        "frames: 8",
    ]
    result = json.loads((tmp_path / "result.json").read_text())
    assert [result[name][key] for name in ("All", "Things", "Stuff") for key in ("pq", "sq", "rq")] == [1.0] * 9
    assert next(line for line in lines if line.startswith("All")).split()[1:4] == ["100.0"] * 3


def test_masks_of_objects_are_scored_against_the_tree(demo_tree, tmp_path, capsys):
    for frame in find_frames(demo_tree / "gtFine" / "val"):
        values = read_instance_mask(frame.files["instanceIds"])
        objects = [int(value) for value in np.unique(values) if value >= 1000 and value // 1000 not in (29, 30)]
        write_masks(tmp_path, frame.name, [(values == value, value // 1000, 0.5) for value in objects])
    run(tmp_path, demo_tree, "--task", "instances", "--json", "-")
    output = capsys.readouterr()
    assert json.loads(output.out)["averages"]["allAp"] == 1.0
    run(tmp_path, demo_tree, "--task", "instances")
    assert capsys.readouterr().out.splitlines()[-1].split()[:3] == ["mean", "100.0", "100.0"]


@pytest.mark.parametrize("target", [".", "", "/dev/null"])
def test_what_is_no_file_is_refused_for_json_before_anything_is_scored(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"expected the name of a file"):
        run("nowhere", "nowhere", "--json", target)


def test_a_json_file_that_cannot_be_written_does_not_cost_the_table(
    predictions, demo_tree, tmp_path, capsys, monkeypatch
):
    def fill_disk(path, value):
        raise DataError(f"{path}: cannot be written: the disk is full")

    monkeypatch.setattr("common.files.disk.write_json", fill_disk)
    with pytest.raises(DataError, match="the disk is full"):
        run(predictions, demo_tree, "--json", tmp_path / "result.json")
    assert "Paper metric" in capsys.readouterr().out


def test_swapped_folders_stop_unless_it_is_said_that_they_are_not(predictions, demo_tree, capsys):
    with pytest.raises(ConfigError, match="are they swapped"):
        run(demo_tree, predictions)
    run(demo_tree / "gtFine" / "val", predictions, "--not-swapped", "--protocol", "paper")
    assert "Paper metric" in capsys.readouterr().out
