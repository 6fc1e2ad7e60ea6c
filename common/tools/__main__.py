"""One command for all tools: `python -m common.tools TOOL ...`, and `cityscapes-study TOOL ...` where it is installed.

Without a tool it prints the menu. Where argcomplete is installed (extra `completion`), a shell completes the names of
tools and options: eval "$(register-python-argcomplete cityscapes-study)"
"""
# PYTHON_ARGCOMPLETE_OK

import argparse
import ast
import difflib
import importlib
import os
import runpy
import sys
from pathlib import Path


def menu() -> str:
    """Lists the tools with the first line of their description, without importing them."""
    lines = [
        "Tools do one job each, at any time; --help describes each. The study itself is in the numbered scripts.",
        "",
    ]
    for path in _modules():
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        lines.append(f"  python -m common.tools.{path.stem:<16} {docstring.partition(chr(10))[0]}")
    lines += [
        "",
        "python -m pip install -e '.[completion]' gives cityscapes-study TOOL; bash and zsh complete it after",
        'eval "$(register-python-argcomplete cityscapes-study)"',
    ]
    return "\n".join(lines)


def _modules() -> list[Path]:
    return sorted(Path(__file__).parent.glob("[a-z]*.py"))


def all_options() -> argparse.ArgumentParser:
    """Builds one command line of those of all tools, for the completion of a shell."""
    made = argparse.ArgumentParser("cityscapes-study")
    tools = made.add_subparsers()
    for path in _modules():
        tools.choices[path.stem] = importlib.import_module(f"common.tools.{path.stem}").parser()
    return made


def main() -> None:
    """Runs the tool that the first argument names, as `python -m common.tools.TOOL` does."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(all_options())
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("-h", "--help"):
        print(menu())
        return
    names = [path.stem for path in _modules()]
    if name not in names:
        close = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
        sys.exit(f"error: there is no tool {name!r}; {hint}")
    del sys.argv[1]
    runpy.run_module(f"common.tools.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
