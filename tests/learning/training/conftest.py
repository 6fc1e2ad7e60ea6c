import pytest

from common.learning.training import loop
from tests.support import toy_network


@pytest.fixture(scope="module", autouse=True)
def small_network():
    """Lets trainings take the toy network: tests of the U-Net itself are in `network` and `backend`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "find_network", lambda settings: toy_network)
        yield
