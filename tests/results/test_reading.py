import json
import os

import pytest

from common.errors import DataError
from common.learning.judging.jobs import find_evalnet
from common.results.paths import ModelName
from common.results.reading import find_result, read_result, read_results
from tests.support.made_up_results import FRAMES, THREE, make_result, split_scores, write_result


@pytest.fixture
def study(tmp_path):
    """A BASE_DIR with two models of one run, of 0.2 and 0.4 on every frame."""
    for index, score in enumerate((0.2, 0.4)):
        write_result(tmp_path, ("subset", 1, index), dict.fromkeys(FRAMES, score))
    return tmp_path


def change(study, **keys):
    """Changes keys of the first result as a text; "job.precision" is a key of the job."""
    path = study / "models" / "CITYSCAPES_subset_1_0.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for key, value in keys.items():
        *outer, last = key.split(".")
        place = content
        for name in outer:
            place = place[name]
        place[last] = value
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_result_survives_its_file(tmp_path):
    images = {"a": 0.25, "void": None, "b": 0.5}
    scores = split_scores(images, ((3, 1, 0), (0, 2, 0), (0, 0, 0)), label_map=THREE)
    result = make_result("subset", 2, 3, scores, job={"label_map": THREE}, predictions=["val"])
    path = tmp_path / f"{result.model}.json"
    result.write(path)
    again = read_result(path)
    assert again.model_dump(mode="json") == result.model_dump(mode="json")
    assert (again.run, again.index, again.label_map) == (2, 3, THREE)


def test_the_name_of_a_model_has_parts_and_the_part_may_be_empty():
    name = ModelName(dataset="CITYSCAPES", approach="subset_aug", run=1, index=0)
    assert str(name) == "CITYSCAPES_subset_aug_1_0"
    assert (name.series, name.of_run) == ("CITYSCAPES_subset_aug", "CITYSCAPES_subset_aug_1")
    with_part = ModelName(dataset="CITYSCAPES", approach="chain", part="student", run=2, index=3)
    assert str(with_part) == "CITYSCAPES_chain_2_student_3"


def test_results_are_sorted_by_approach_run_and_index(study):
    write_result(study, ("full_dataset", 2, 0), dict.fromkeys(FRAMES, 0.1))
    full, subset = read_results(study).approaches
    assert (full.name, list(full.runs), subset.best.index) == ("full_dataset", [2], 1)
    assert [result.index for result in subset.results] == [0, 1]


def test_results_put_aside_are_not_read(study):
    (study / "previous").mkdir()
    (study / "models").rename(study / "previous" / "models")
    assert not read_results(study).approaches


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("approach", "../../subset"), ("approach", None), ("scores.val", {}), ("history", [3]), ("best_epoch", "x"),
        ("versions", 3), ("history", [{"epoch": 0, "loss": 1e308}]), ("seconds", {"a": "b"}),
        ("versions", {"keras": "\ud800"}), ("job.label_map", {"names": ["a"], "colors": [], "class_of_id": []}),
        ("job.label_map", {"names": ["a"], "colors": [[0, 0, 256]], "class_of_id": [0]}),
        ("scores.val.confusion", [[1]]), ("scores.val.confusion", [[-1] * 35] * 35), ("scores.val.mIoU", None),
        ("scores.val.images", {"a": [1e300, 0.5]}), ("job.name.approach", "../subset"), ("extra", 1),
    ],
)  # fmt: skip
def test_a_result_of_another_form_is_left_out_with_a_reason(study, key, value):
    path = change(study, **{key: value})
    found = read_results(study)
    (damaged,) = found.damaged
    assert damaged.file == path.name
    assert str(study) not in damaged.reason
    assert len(found.all) == 1
    assert find_result(path) is None


def test_the_reason_names_key_value_and_file(study):
    path = change(study, best_epoch="x")
    with pytest.raises(DataError, match=r"CITYSCAPES_subset_1_0\.json: best_epoch = 'x': .*integer"):
        read_result(path)


def test_a_result_under_the_name_of_another_model_is_refused(study):
    path = study / "models" / "CITYSCAPES_subset_1_0.json"
    other = path.rename(path.with_name("CITYSCAPES_subset_2_0.json"))
    with pytest.raises(DataError, match="CITYSCAPES_subset_1_0"):
        read_result(other)


def test_a_file_that_is_too_large_is_not_read(study):
    path = study / "models" / "CITYSCAPES_subset_1_0.json"
    with path.open("ab") as file:
        file.truncate(20_000_000)
    with pytest.raises(DataError, match="20,000,000 bytes"):
        read_result(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_or_folder_in_place_of_a_result_is_no_result_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    for path in (tmp_path / "pipe.json", tmp_path):
        assert find_result(path) is None
        assert find_evalnet(path) is None


@pytest.mark.parametrize("wrong", [{"epoch": -1}, {"epoch": 3_000_000}, {"steps": 0}, {"steps": 1e12}])
def test_a_history_that_no_training_writes_is_damage(study, wrong):
    change(study, history=[{"epoch": 0, "steps": 3, "loss": 1.0} | wrong])
    assert "expected epoch 0 with at least 1 step" in read_results(study).damaged[0].reason
