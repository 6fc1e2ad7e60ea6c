import subprocess
import sys

import numpy as np
import pytest

from common.images.png import read_mask
from common.labels.map_files import load_label_map
from common.tools.masks import main
from tests.support.running import PROJECT


def run(*arguments):
    command = [sys.executable, "-m", "common.tools.masks", *map(str, arguments)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)


def test_masks_are_written_and_the_summary_says_what_from(demo_tree, tmp_path):
    done = run(demo_tree, tmp_path, "--encoding", "trainIds", "--splits", "val", "--size", "64x32", "--workers", 1)
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path / 'gtFine'}: 8 masks written (8 from polygons)" in done.stdout
    found = sorted(tmp_path.rglob("*.png"))
    assert len(found) == 8 and all(path.match("gtFine/val/*/*_gtFine_labelTrainIds.png") for path in found)
    assert read_mask(found[0]).shape == (32, 64)


def test_what_is_wrong_is_said_in_one_line(demo_tree, tmp_path):
    done = run(demo_tree, tmp_path / "out", "--encoding", "instanceIds", "--from", "labelIds")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("error: labelIds does not tell objects apart")


def test_classes_take_a_label_map_by_name(demo_tree, tmp_path, capsys):
    source = next((demo_tree / "gtFine/val").iterdir())
    main([str(source), str(tmp_path), "--encoding", "classes", "--label-map", "categories8", "--workers", "1"])
    assert "from polygons" in capsys.readouterr().out
    for path in sorted(tmp_path.rglob("*_classes.png")):
        ids = read_mask(source / path.name.replace("classes", "labelIds"))
        np.testing.assert_array_equal(read_mask(path), load_label_map("categories8").encode(ids))


@pytest.mark.parametrize("size", ["512", "axb", "-1x5", "5x²"])
def test_a_size_that_is_none_is_refused(tmp_path, size, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path), str(tmp_path), "--encoding", "labelIds", f"--size={size}"])
    assert "expected width x height" in capsys.readouterr().err
