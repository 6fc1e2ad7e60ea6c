"""Turns templates into pages that are one file: styles and scripts inside, nothing fetched, everything escaped.

A page carries a content security policy with the checksums of exactly the styles and scripts that were put in, so text
of strangers cannot run even if it got past the escaping. Two things follow for templates: styles and scripts come from
files, by `style("name.css")` and `script("name.js")`, and `style="..."` attributes do not work.
"""

import base64
import functools
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(__file__).resolve().parent / "templates"


@functools.cache
def environment():
    """Makes the jinja2 environment of all pages: escapes everything, refuses names that are not there."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render_page(template, **values):
    """Renders a whole page.

    Args:
        template: Name of a file in `templates/` that extends `base.html.j2`, or a jinja2 template that does.
        **values: What the template uses. Text is escaped; markup must be `markupsafe.Markup`.

    Returns:
        The page as text that can be written as UTF-8; parts of file names that cannot become "?". The same values give
        the same page.
    """
    policy = _Policy()
    tools = {"style": policy.style, "script": policy.script, "policy": policy.text}
    text = environment().get_template(template).render(**values, **tools)
    return text.encode("utf-8", "replace").decode("utf-8")


class _Policy:
    """Puts styles and scripts into one page and remembers their checksums for its content security policy."""

    def __init__(self):
        self._allowed = {"style-src": [], "script-src": []}

    def style(self, name):
        return self._element("style", name)

    def script(self, name):
        return self._element("script", name)

    def _element(self, tag, name):
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
        self._allowed[f"{tag}-src"].append(f"'sha256-{digest}'")
        return Markup(f"<{tag}>{text}</{tag}>")  # a file of this package

    def text(self):
        allowed = "; ".join(f"{kind} {' '.join(sources)}" for kind, sources in self._allowed.items() if sources)
        return f"default-src 'none'; img-src data:; {allowed}; base-uri 'none'; form-action 'none'"
