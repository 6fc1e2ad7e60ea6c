"""The page of a small gallery."""

import pytest

from tests.support.gallery_pages import frame, write_gallery


@pytest.fixture(scope="package")
def path(tmp_path_factory, page_with):
    """A page of three frames; the first model is worst at "b", the second at "c"."""
    frames = (frame("a", (0.5, 0.9)), frame("b", (0.1, 0.8)), frame("c", (0.7, 0.2)))
    return write_gallery(tmp_path_factory.mktemp("gallery") / "page.html", page_with, *frames, score_name="IoU")
