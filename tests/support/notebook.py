"""docs/python.ipynb is docs/python.md as cells; after a change of the text:

python -m tests.support.notebook
"""

import json
import re

from tests.support.running import PROJECT

TEXT, NOTEBOOK = PROJECT / "docs" / "python.md", PROJECT / "docs" / "python.ipynb"


def notebook_of(text):
    """Makes the JSON of a notebook: a cell for each piece of code, and one for the text between two of them."""
    cells = []
    for place, part in enumerate(re.split(r"```python\n(.*?)```\n?", text, flags=re.S)):
        if not part.strip():
            continue
        cell = {"cell_type": "markdown", "metadata": {}, "source": part.strip().splitlines(keepends=True)}
        if place % 2:
            cell |= {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    NOTEBOOK.write_text(notebook_of(TEXT.read_text(encoding="utf-8")), encoding="utf-8")
