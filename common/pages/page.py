"""Turns templates into pages that are one file: styles and scripts inside, nothing fetched, everything escaped.

A page has a content security policy with the checksums of its own styles and scripts, so that text from elsewhere is
not executed even if it is not escaped. Two things follow for templates: styles and scripts come from files, by
`style("name.css")` and `script("name.js")`, and `style="..."` attributes do not work.
"""

import base64
import functools
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

TEMPLATES = Path(__file__).resolve().parent / "templates"


@functools.cache
def environment() -> Environment:
    """Makes the jinja2 environment of all pages: it escapes everything and refuses unknown names."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render_page(template: str | Template, **values: Any) -> str:
    """Renders a whole page.

    Args:
        template: Name of a file in `templates/` that extends `base.html.j2`, or a jinja2 template that does.
        **values: What the template uses. Text is escaped; markup must be `markupsafe.Markup`.

    Returns:
        The page; characters that UTF-8 cannot hold, for example of a file name, become "?". The same values give the
        same page.
    """
    policy = _Policy()
    tools = {"style": policy.style, "script": policy.script, "policy": policy.text}
    text = environment().get_template(template).render(**values, **tools)
    return text.encode("utf-8", "replace").decode("utf-8")


class _Policy:
    """Puts styles and scripts into one page and remembers their checksums for its content security policy."""

    def __init__(self) -> None:
        self._allowed: dict[str, list[str]] = {"style-src": [], "script-src": []}

    def style(self, name: str) -> Markup:
        return self._element("style", name)

    def script(self, name: str) -> Markup:
        return self._element("script", name)

    def _element(self, tag: str, name: str) -> Markup:
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
        self._allowed[f"{tag}-src"].append(f"'sha256-{digest}'")
        return Markup(f"<{tag}>{text}</{tag}>")  # a file of this package

    def text(self) -> str:
        allowed = "; ".join(f"{kind} {' '.join(sources)}" for kind, sources in self._allowed.items() if sources)
        return f"default-src 'none'; img-src data:; {allowed}; base-uri 'none'; form-action 'none'"
