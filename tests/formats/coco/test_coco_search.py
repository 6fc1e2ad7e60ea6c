"""Which files are taken for COCO's, and what is said of others."""

import pytest

from common.errors import DataError
from common.files.listing import list_files_of
from common.formats.coco import instances as coco
from common.formats.registry import recognise

NO_INSTANCES = {
    "is empty": b"",
    "is an empty list": b" [ ]",
    "is a list of results": b'[{"image_id": 1, "category_id": 1, "score": 0.5}]',
    "is a list of annotations without images": b'[{"image_id": 1, "category_id": 1}]',
    "images is empty": b'{"images": [], "annotations": [], "categories": []}',
}


@pytest.mark.parametrize("what", NO_INSTANCES)
@pytest.mark.parametrize("name", ["annotations/train.json", "train.json", "annotations/instances_train.json"])
def test_a_json_file_without_images_is_taken_for_coco_and_explained(what, name, tmp_path):
    for path, data in ((name, NO_INSTANCES[what]), ("images/ulm_000000_000001_leftImg8bit.png", b"")):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    assert recognise(list_files_of(tmp_path)) == "coco"
    with pytest.raises(DataError, match=f"{name}: {what}"):
        coco.read(list_files_of(tmp_path))


def test_cityscapes_with_a_json_file_of_another_kind_stays_cityscapes(tmp_path):
    for name in ("leftImg8bit/train/ulm/ulm_000000_000001_leftImg8bit.png", "gtFine/readme.txt", "report.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert recognise(list_files_of(tmp_path)) == "cityscapes"
