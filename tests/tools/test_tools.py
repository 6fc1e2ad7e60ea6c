import os
import subprocess
import sys

import pytest

from common.config.loading import load_config
from common.dataset.original.truth import TRUTH_KINDS
from common.evaluation.pixels import predictions
from common.evaluation.pixels.scores import PROTOCOLS
from common.formats.mask_files import writing
from common.formats.registry import FORMATS
from common.learning.exporting.files import ENDINGS
from common.tools import convert, evaluate, export, inspect_dataset, masks, stats
from tests.support.running import PROJECT, run_script


def run_tool(*arguments, expect=0):
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], cwd=PROJECT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == expect, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_the_menu_lists_every_tool():
    menu = run_tool("common.tools").stdout
    for path in (PROJECT / "common" / "tools").glob("[a-z]*.py"):
        assert f"python -m common.tools.{path.stem} " in menu


def test_one_command_runs_every_tool_with_its_arguments(demo_tree):
    output = run_tool("common.tools", "stats", demo_tree, "--splits", "val", "--json", "-").stdout
    assert '"frames": 8' in output
    assert "no tool 'stat'; did you mean stats?" in run_tool("common.tools", "stat", expect=1).stderr


def test_tools_are_short():
    for path in (PROJECT / "common" / "tools").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 80, path.name


def test_the_choices_that_tools_offer_are_those_of_the_library():
    """They are spelled out in the tools, so that --help does not import the library."""

    def choices(tool, option):
        return next(set(each.choices) for each in tool.parser()._actions if option in each.option_strings)

    assert choices(convert, "--to") == choices(convert, "--from") == choices(inspect_dataset, "--from") == set(FORMATS)
    assert choices(stats, "--from") == set(FORMATS)
    assert choices(convert, "--truth") == choices(masks, "--truth") == choices(inspect_dataset, "--truth")
    assert choices(convert, "--truth") == set(TRUTH_KINDS)
    assert choices(masks, "--encoding") == set(writing.ENCODINGS)
    assert choices(masks, "--from") == set(writing.READ_FROM)
    assert choices(evaluate, "--encoding") == set(predictions.ENCODINGS)
    assert choices(evaluate, "--protocol") == set(PROTOCOLS)
    assert choices(export, "--to") == set(ENDINGS)


def test_the_set_up_is_described():
    output = run_tool("common.tools.check_setup").stdout
    assert "Keras 3." in output
    assert "everything is in place" in output


def test_demo_data_comes_with_a_config_that_step_00_takes(tmp_path):
    base_dir = tmp_path / "demo ü"
    config = base_dir / "config.ini"
    sizes = ("--train", 3, "--val", 2, "--size", "96x64")
    run_tool("common.tools.demo_data", base_dir / "original_data", *sizes, "--config", config)
    loaded = load_config("CITYSCAPES", config)
    assert (loaded.dataset.base_dir, loaded.dataset.size_wh) == (base_dir, (48, 32))
    script = next(PROJECT.glob("00_*.py"))
    done = subprocess.run([sys.executable, script, "--config", config], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "3 resized" in done.stdout


def test_a_config_for_a_folder_that_step_00_does_not_look_into_is_refused(tmp_path):
    error = run_tool("common.tools.demo_data", tmp_path / "x", "--config", tmp_path / "c.ini", expect=1).stderr
    assert "--config" in error and "original_data" in error
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("arguments", "message"), [(["what"], "KEY=VALUE"), (["LR=0"], "LR = 0: expected a number above 0")]
)
def test_a_wrong_argument_of_a_script_is_explained(base_dir, arguments, message):
    assert message in run_script("00", base_dir, *arguments, expect=1).stderr


def test_worker_processes_start_where_standard_output_is_closed(demo_tree):
    command = f"{sys.executable} -m common.tools.stats {demo_tree} --workers 2 >&-"
    done = subprocess.run(command, shell=True, cwd=PROJECT, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_a_hostile_name_reaches_the_terminal_as_text(tmp_path):
    error = run_tool("common.tools.stats", tmp_path / "\x1b[31mred", expect=1).stderr
    assert "\\x1b[31mred" in error
    assert "\x1b" not in error


def test_a_shell_completes_tools_and_options():
    line = "cityscapes-study masks --encoding train"
    # The protocol of argcomplete: the words are written to file 8, what is typed comes in the environment.
    typed = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": " ", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    code = "import os; os.dup2(1, 8); from common.tools.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, env={**os.environ, **typed}
    )
    assert done.stdout.split() == ["trainIds"], done.stderr
