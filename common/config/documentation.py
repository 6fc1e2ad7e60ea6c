"""Writes what is derived from the models: config.ini, and the tables of keys in docs/configuration.md.

    python -m common.config.documentation

A test checks that both files are up to date.
"""

import textwrap
from collections.abc import Mapping
from pathlib import Path

from common.config.keys import KEYS, RECIPE_KEYS, Key, as_text
from common.config.paths import SHIPPED_CONFIG
from common.errors import ConfigError
from common.files.disk import write_text

DOCUMENT = SHIPPED_CONFIG.parent / "docs" / "configuration.md"
_HEAD = """\
# All values of the study. The defaults are the study's: leave them as they are to reproduce it. A key that is left out
# has its default. What you have to set is BASE_DIR. Comments stand on lines of their own. Written from the code by
# python -m common.config.documentation; tables with what is allowed: docs/configuration.md
"""
_MODERN_HEAD = "The same choices under RECIPE = modern. KEY=VALUE on the command line wins over both sections."
_ONE_MACHINE = """\
# For one machine: remove the "# " before these lines. A method is then nine trainings instead of 75 or 225.
# NUM_RUNS = 1
# MODELS_PER_RUN = 3
# TOP_Ks = 3
# TEACHERS = 2
# VIEWS = 3
# NUM_GENERATIONS = 3
# MODELS_PER_GENERATION = 3"""
_BEGIN, _END = "<!-- keys of {}, written by python -m common.config.documentation -->", "<!-- end of keys -->"


def config_text(changes: Mapping[str, object] | None = None) -> str:
    """Writes a config.ini with all keys, their meaning and defaults.

    `changes` are other values by key; `MODERN.<key>` is the key in that section. Raises ConfigError for unknown keys.
    """
    changes = dict(changes or {})
    lines = [_HEAD]
    for section in ("DEFAULT", "MODERN", "CITYSCAPES"):
        lines.append(f"[{section}]")
        modern = section == "MODERN"
        lines += _comment(_MODERN_HEAD) if modern else []
        for name, key in (RECIPE_KEYS if modern else KEYS).items():
            if modern or key.section == section:
                value = changes.pop(f"MODERN.{name}" if modern else name, key.modern if modern else _default(key))
                lines += [] if modern else _comment(key.meaning)
                lines.append(f"{name} = {as_text(value)}".rstrip())
        lines += ["", _ONE_MACHINE] if section == "CITYSCAPES" else []
        lines.append("")
    if changes:
        raise ConfigError(f"unknown key {next(iter(changes))}")
    return "\n".join(lines).rstrip() + "\n"


def write_config(path: Path, changes: Mapping[str, object]) -> None:
    """Writes `config_text` to a file."""
    write_text(path, config_text(changes))


def _default(key: Key) -> object:
    return "data" if key.name == "BASE_DIR" else key.study


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 120, initial_indent="# ", subsequent_indent="# ", break_long_words=False)


def key_table(section: str) -> list[str]:
    """Makes the Markdown table of the keys of a section; "MODERN" is that of the choices of a recipe."""
    modern = section == "MODERN"
    rows = ["| key | paper | modern | allowed | meaning |" if modern else "| key | study | allowed | meaning |"]
    rows.append("| --- " * (5 if modern else 4) + "|")
    for name, key in KEYS.items():
        if modern == (name in RECIPE_KEYS) and (modern or key.section == section):
            values = [as_text(_default(key)) or "(empty)", *([as_text(key.modern)] if modern else [])]
            rows.append(f"| {' | '.join([name, *values, key.allowed, key.meaning])} |")
    return rows


def with_tables(document: str) -> str:
    """Replaces the tables of keys in docs/configuration.md, which stand between two comments each."""
    for section in ("DEFAULT", "MODERN", "CITYSCAPES"):
        begin = _BEGIN.format(f"[{section}]")
        before, _, rest = document.partition(begin)
        after = rest.partition(_END)[2]
        document = "\n".join([before + begin, "", *key_table(section), "", _END + after])
    return document


if __name__ == "__main__":
    write_text(SHIPPED_CONFIG, config_text())
    write_text(DOCUMENT, with_tables(DOCUMENT.read_text(encoding="utf-8")))
