"""Prints the menu of tools: `python -m common.tools`."""

import ast
from pathlib import Path


def menu() -> str:
    """Lists the tools with the first line of their description, without importing them."""
    lines = [
        "Tools do one job each, at any time; --help describes each. The study itself is in the numbered scripts.",
        "",
    ]
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        lines.append(f"  python -m common.tools.{path.stem:<16} {docstring.partition(chr(10))[0]}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(menu())
