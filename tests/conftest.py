"""Fixtures of all tests: drawn datasets, prepared folders, a browser."""

import shutil

import pytest

from common.demo import DemoSettings, draw_demo_dataset
from tests.support.browser import chromium, open_page, page_with_fixture  # noqa: F401 - fixtures
from tests.support.difficult import difficult_fixture  # noqa: F401
from tests.support.in_process import run_step_here


def pytest_collection_modifyitems(items):
    """Puts the files that take longest first: two files are run at a time, and none of them must be the last one."""
    longest = ("test_study.py", "test_methods.py")
    items.sort(key=lambda item: longest.index(item.path.name) if item.path.name in longest else len(longest))


@pytest.fixture(scope="session")
def demo_tree(tmp_path_factory):
    """A drawn original_data: 20 training and 8 validation frames of 128x64 pixels; read only."""
    folder = tmp_path_factory.mktemp("demo") / "original_data"
    draw_demo_dataset(folder, DemoSettings(train=20, val=8, size_wh=(128, 64), seed=1), workers=2)
    return folder


@pytest.fixture
def base_dir(tmp_path, demo_tree):
    """A BASE_DIR whose original_data is the drawn one."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "original_data").symlink_to(demo_tree, target_is_directory=True)
    return tmp_path / "base"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, demo_tree):
    """A BASE_DIR after steps 00 and 01; copy it before you change it."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copytree(demo_tree, folder / "original_data")
    for step in ("00", "01"):
        run_step_here(step, folder)
    return folder
