import shutil

import numpy as np
import pytest

from common.dataset.original.layouts import find_frames
from common.images.png import encode_mask, read_mask


@pytest.fixture(scope="session")
def val_tree(tmp_path_factory, demo_tree):
    """The ground truth of the 8 validation frames in the official folders; read only."""
    folder = tmp_path_factory.mktemp("val_tree")
    shutil.copytree(demo_tree / "gtFine" / "val", folder / "gtFine" / "val")
    return folder


@pytest.fixture(scope="session")
def frames(val_tree):
    """The validation frames, as `find_frames` lists them."""
    return find_frames(val_tree)


@pytest.fixture(scope="session")
def write_predictions(frames):
    """Writes predictions for all validation frames: `write(folder, damage, ending="_pred", table=None)`."""

    def write(folder, damage, ending="_pred", table=None):
        folder.mkdir(parents=True, exist_ok=True)
        for number, frame in enumerate(frames):
            ids = damage(read_mask(frame.files["labelIds"]), np.random.default_rng(number))
            values = ids if table is None else np.asarray(table, np.uint8)[ids]
            (folder / f"{frame.name}{ending}.png").write_bytes(encode_mask(values))
        return folder

    return write
