"""Prints the menu of tools: `python -m common.tools`."""

import ast
from pathlib import Path


def menu():
    """Lists the tools with the first line of their description, without importing them."""
    lines = ["Tools do one job each, at any time; --help says more. The study itself is in the numbered scripts.", ""]
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        summary = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).splitlines()[0]
        lines.append(f"  python -m common.tools.{path.stem:<16} {summary}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(menu())
