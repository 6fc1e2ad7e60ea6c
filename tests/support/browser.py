"""A Chromium for the tests of pages, and pages that must neither complain nor ask the network."""

import shutil
from pathlib import Path

import pytest

from common.pages.page import environment, render_page

LIBRARIES = "sudo apt install libatomic1 chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


@pytest.fixture(scope="session")
def chromium():
    """A running Chromium: playwright's own if it is installed, else the system's."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    try:
        manager = playwright.sync_playwright()
        started = manager.start()
    except Exception as error:  # its driver is a program of its own, which wants libraries of the system
        pytest.skip(f"playwright does not start ({str(error).splitlines()[0]}); on Debian and Ubuntu: {LIBRARIES}")
    try:
        own = started.chromium.executable_path
        found = own if Path(own).is_file() else next(filter(None, map(shutil.which, NAMES)), None)
        if not found:
            pytest.skip("no Chromium: install one, or let `python -m playwright install chromium` do it")
        arguments = ["--disable-gpu", "--disable-background-networking"]
        try:
            browser = started.chromium.launch(executable_path=found, args=arguments)
        except playwright.Error as error:
            pytest.skip(f"Chromium does not start ({error.message.splitlines()[0]}); on Debian and Ubuntu: {LIBRARIES}")
        yield browser
        browser.close()
    finally:
        started.stop()


@pytest.fixture
def open_page(chromium):
    """Opens a file as a page; keywords are those of a playwright context, for example viewport.

    The test fails if a page opened so writes an error or a warning to the console or asks for anything but itself.
    """
    contexts, problems = [], []

    def open_(path, **settings):
        context = chromium.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: problems.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: note_request(request.url, path))
        page.goto(Path(path).as_uri())
        return page

    def note_request(url, path):
        if not url.startswith("data:") and url.split("#")[0] != Path(path).as_uri():
            problems.append(f"asked for {url}")

    yield open_
    for context in contexts:
        context.close()
    assert problems == []


def page_with(content, title="Trial"):
    """Renders a page with nothing but a title and this content."""
    frame = '{% extends "base.html.j2" %}{% block title %}{{ title }}{% endblock %}{% block content %}{{ content }}'
    template = environment().from_string(frame + "{% endblock %}")
    return render_page(template, title=title, content=content)


@pytest.fixture(name="page_with", scope="session")
def page_with_fixture():
    return page_with
