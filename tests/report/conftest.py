"""A small study."""

import pytest

from tests.support.made_up_results import FRAMES, write_predictions, write_result, write_split


@pytest.fixture
def study(tmp_path):
    """Two approaches: subset with 0.2 and 0.4 on every frame, subset_aug with 0.5 and 0.7."""
    write_split(tmp_path, "test", FRAMES)
    write_split(tmp_path, "val", FRAMES)
    for index, (low, high) in enumerate(((0.2, 0.5), (0.4, 0.7))):
        write_result(tmp_path, ("subset", 1, index), dict.fromkeys(FRAMES, low))
        result = write_result(tmp_path, ("subset_aug", 1, index), dict.fromkeys(FRAMES, high), predictions=["test"])
        write_predictions(tmp_path, "test", result, FRAMES)
    return tmp_path
