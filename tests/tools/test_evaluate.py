import json
import shutil

import numpy as np
import pytest

from common.dataset.layouts import find_frames
from common.dataset.png import encode_mask, read_mask
from common.errors import ConfigError, DataError
from common.tools import evaluate


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
    with pytest.raises(DataError, match="1 of 8 frames have no prediction"):
        run(some, demo_tree)
    run(some, demo_tree, "--partial")
    assert "note: PARTIAL: 1 of 8 frames" in capsys.readouterr().out


def test_options_about_pixels_are_refused_for_other_tasks(predictions, demo_tree):
    with pytest.raises(ConfigError, match="--task panoptic takes --json and --workers alone"):
        run(predictions, demo_tree, "--task", "panoptic", "--partial")


@pytest.mark.parametrize(("task", "function"), [("panoptic", "evaluate_panoptic"), ("instances", "evaluate_instances")])
def test_other_tasks_are_handed_to_their_metric(task, function, tmp_path, monkeypatch, capsys):
    module = {"panoptic": "panoptic.quality", "instances": "instances.precision"}[task]

    class Scores:
        def __init__(self, *arguments):
            self.arguments = list(map(str, arguments))

        def lines(self):
            return self.arguments

    monkeypatch.setattr(f"common.evaluation.{module}.{function}", Scores)
    run("predictions", "truth", "--task", task)
    assert capsys.readouterr().out.split() == ["predictions", "truth", "1"]
