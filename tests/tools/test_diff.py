"""The command line of `diff`."""

import json

import numpy as np
import pytest

from common.errors import ConfigError
from common.formats.conversion import write
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.labels.tables import LabelTable, make_label
from common.tools import diff


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    """A VOC and a COCO folder of a frame with a car and road; COCO has no road."""
    folder = tmp_path_factory.mktemp("datasets")
    truth = Annotation(np.array([[1, 1, 2]], np.uint16), {1: Segment("car", 0), 2: Segment("road")})
    for name in ("voc", "coco"):
        write([AnnotatedFrame("a", "val", truth=truth)], folder / name, name, workers=1)
    return folder / "voc", folder / "coco"


def run(*arguments):
    return diff.main([*map(str, arguments), "--workers", "1"])


def test_equal_datasets_give_status_0_and_others_status_1(datasets, capsys):
    voc, coco = datasets
    assert run(voc, voc) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no difference"
    assert run(voc, coco) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"A: {voc}, voc", f"B: {coco}, coco"]
    assert lines[2] == "1 frame in both; equal: 2 pixels, 1 object"
    assert "    road -> background: 1" in lines


def test_only_the_labels_asked_for_are_compared(datasets, capsys):
    assert run(*datasets, "--classes", "car") == 0
    assert "equal: 3 pixels, 1 object" in capsys.readouterr().out


def test_everything_is_written_as_json(datasets, capsys):
    assert run(*datasets, "--json", "-", "--no-photographs") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["frames_in_both"] == 1
    assert found["different"]["pixels with another label"] == {
        "amount": 1, "frames": 1, "examples": ["val/default/a"], "details": {"road -> background": 1},
    }  # fmt: skip


def test_a_split_that_is_not_there_is_refused(datasets):
    with pytest.raises(ConfigError, match="no 'train' in the data"):
        run(*datasets, "--splits", "train")


def test_labels_that_neither_dataset_has_are_not_compared(tmp_path, capsys):
    names = ("unlabeled", "road", "car")
    tables = [LabelTable(tuple(map(make_label, row, range(9))), "unlabeled") for row in (names, (*names, "tractor"))]
    truth = Annotation(np.array([[1, 2, 1]], np.uint16), {1: Segment("road"), 2: Segment("car")})
    for number, table in enumerate(tables):
        write(FrameDataset(table, [AnnotatedFrame("a", truth=truth)]), tmp_path / str(number), "voc", workers=1)
    assert run(tmp_path / "0", tmp_path / "1") == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("labels only")]
    assert lines == ["labels only in B: 1 (tractor)"]
