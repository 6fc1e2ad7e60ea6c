"""What is said of a machine that does not fit."""

import os
from dataclasses import replace

import pytest

from common.engines.machines import PROJECT, Machine, check_machines, describe_machines, faults_of, question, questions
from common.errors import ConfigError


@pytest.fixture
def here(tmp_path):
    with questions([tmp_path]) as arguments:
        return question()(*arguments)


def machine(answer, fault=""):
    return Machine("desk (10.0.0.2)", 4, 0, {}, answer, fault)


def test_a_machine_like_this_one_has_no_faults(here):
    assert faults_of(machine({**here, "auth": "token"}), here, needs_token=True) == []


def test_the_token_file_is_there_only_while_the_machines_are_asked(here, tmp_path):
    assert list(tmp_path.iterdir()) == []
    assert not list(PROJECT.glob(".same-folder-*"))
    assert here["folders"][str(tmp_path.resolve())][0].startswith(".same-folder-")


def test_a_folder_that_is_another_one_there_is_named(here, tmp_path):
    folder = str(tmp_path.resolve())
    there = {**here, "folders": {**here["folders"], folder: ("", here["folders"][folder][1])}}
    (fault,) = faults_of(machine(there), here, needs_token=False)
    assert fault.startswith(f"desk (10.0.0.2): {folder} is another folder there than here, or is not there; every")


def test_of_a_folder_that_is_only_read_the_names_are_compared(here, tmp_path):
    folder = str(tmp_path.resolve())
    names = here["folders"][folder][1]
    mine = {**here, "folders": {folder: ("", names)}}
    for content, faults in ((("", names), 0), (("", "other"), 1), (("", ""), 1)):
        there = {**here, "folders": {folder: content}}
        assert len(faults_of(machine(there), mine, needs_token=False)) == faults


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"python": "3.10.1"}, "has Python 3.10.1, this machine has"),
        ({"project": "x"}, "has another version of the project than this machine"),
        ({"auth": ""}, "lets everybody in who reaches its ports"),
    ],
)
def test_what_differs_is_named_with_the_machine(here, change, words):
    (fault,) = faults_of(machine({**here, "auth": "token", **change}), here, needs_token=True)
    assert fault.startswith(f"desk (10.0.0.2): {words}")


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of Unix")
@pytest.mark.parametrize(("mode", "faults"), [(0o600, 0), (0o640, 1), (0o604, 1)])
def test_a_token_that_others_can_read_is_refused(tmp_path, monkeypatch, mode, faults):
    (tmp_path / "token").write_text("secret")
    (tmp_path / "token").chmod(mode)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))
    with questions([]) as arguments:
        here = question()(*arguments)
    found = faults_of(machine(here), here, needs_token=True)
    assert [str(tmp_path / "token") in fault for fault in found] == [True] * faults
    assert faults_of(machine(here), here, needs_token=False) == []


def test_versions_of_packages_are_compared_and_both_forms_of_opencv_are_one(here):
    packages = {**here["packages"], "opencv-python": "4.10", "opencv-python-headless": "", "keras": "3.12"}
    here = {**here, "packages": packages}
    other = {**packages, "opencv-python": "", "opencv-python-headless": "4.10", "keras": ""}
    faults = faults_of(machine({**here, "packages": other}), here, needs_token=False)
    assert faults == ["desk (10.0.0.2): has keras (none), this machine has 3.12; install the same"]


def test_the_first_fault_stops_the_work_and_the_others_are_counted(here):
    silent = machine(None, "No module named 'cloudpickle'")
    old = machine({**here, "python": "3.10.1"})
    with pytest.raises(ConfigError, match=r"^desk .10.0.0.2.: does not answer: No module .* \(1 more fault\); `python"):
        check_machines([silent, old], here, needs_token=False)
    check_machines([replace(old, answer=here)], here, needs_token=False)


def test_a_cluster_is_described_in_a_line_for_each_machine(here):
    desk = Machine("desk (10.0.0.2)", 4, 1, {"NodeManagerPort": 6380}, {**here, "auth": "token"})
    lines, faults = describe_machines([desk, replace(desk, name="lab", gpus=2)], here, needs_token=True)
    assert lines[0].startswith("2 machines, 8 cores, 3 GPUs; Python ")
    assert lines[1] == "desk (10.0.0.2): 4 cores, 1 GPU; ports NodeManagerPort 6380"
    assert (lines[-1].startswith("all see the same "), faults) == (True, [])
