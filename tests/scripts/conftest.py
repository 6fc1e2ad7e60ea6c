import shutil

import pytest


@pytest.fixture
def ready(tmp_path, prepared):
    """A BASE_DIR of one's own after steps 00 and 01."""
    shutil.copytree(prepared, tmp_path / "ready")
    return tmp_path / "ready"
