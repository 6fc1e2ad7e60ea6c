import argparse
import importlib

import pytest

from common.arguments import _SHARED, Parser, share_argument, whole_number
from tests.support.running import PROJECT

TOOLS = sorted(path.stem for path in (PROJECT / "common" / "tools").glob("[a-z]*.py"))
# `masks` reads kinds of files, not formats.
OTHER_MEANING = {("masks", "--from")}


def options_of(tool):
    actions = importlib.import_module(f"common.tools.{tool}").parser()._actions
    return {name: action for action in actions for name in action.option_strings}


@pytest.mark.parametrize("name", sorted(_SHARED))
def test_an_option_that_several_tools_have_looks_the_same_in_all(name):
    option = f"--{name.replace('_', '-')}"
    found = {tool: options_of(tool)[option] for tool in TOOLS if option in options_of(tool)}
    found = {tool: action for tool, action in found.items() if (tool, option) not in OTHER_MEANING}
    assert found
    assert len({(action.metavar, action.nargs, str(action.choices), type(action)) for action in found.values()}) == 1


@pytest.mark.parametrize("tool", TOOLS)
def test_every_option_is_explained_with_its_default_in_one_form(tool):
    for name, action in options_of(tool).items():
        assert action.help, name
        if "default" in action.help:
            assert "(default: " in action.help, name
        if action.option_strings and not action.choices and action.nargs != 0:
            assert action.metavar, name


def test_a_misspelt_option_is_named_with_the_one_that_was_meant(capsys):
    parser = Parser(prog="x")
    parser.add_argument("--splits")
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args(["--spilts", "val"])
    assert "unrecognized arguments: --spilts val; did you mean --splits?" in capsys.readouterr().err


# Limits: from 1 on, and from 0 to 100.
@pytest.mark.parametrize(("smallest", "largest", "text"), [(1, None, "0"), (0, 100, "101"), (0, 100, "-1"),
    (1, None, "two"), (1, None, "1.5"), (1, None, "")])  # fmt: skip
def test_numbers_outside_of_their_limits_are_refused_in_one_sentence(smallest, largest, text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"{text!r}: expected a whole number from {smallest}"):
        whole_number(smallest, largest)(text)


@pytest.mark.parametrize(("smallest", "largest", "text"), [(1, None, "1"), (0, 100, "100"), (0, 0, "0")])
def test_limits_themselves_are_allowed(smallest, largest, text):
    assert whole_number(smallest, largest)(text) == int(text)


def test_shares_have_a_name_each_without_spaces_and_once():
    assert share_argument("train:0.8, val : 0.2") == {"train": 0.8, "val": 0.2}
    for text in ("train:0.3,train:0.8,val:0.2", "train:0.8,:0.2", "train:0.8,val", "train:much", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="expected NAME:SHARE"):
            share_argument(text)
