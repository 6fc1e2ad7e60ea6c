import numpy as np
import pytest

from common.errors import DataError
from common.formats import label_studio
from common.formats.conversion import read
from common.formats.format import WriteOptions
from common.formats.frames import BoxedObject, Segment
from common.formats.label_studio.brush import decode_brush, encode_brush
from common.labels.tables import CITYSCAPES
from tests.support.difficult import assert_same
from tests.support.miniatures import PHOTO, draw, shown

SIZE = {"original_width": 8, "original_height": 4}
HALF = {"points": [[25, 0], [50, 0], [50, 100], [25, 100]]}


def region(kind, value, label="car", **more):
    return {
        "id": "r",
        "type": kind,
        "from_name": "x",
        "to_name": "image",
        "value": value | {kind: [label]},
        **SIZE,
    } | more


def export(folder, *regions, image="/data/upload/1/0a1b2c3d-a.png", **more):
    annotation = {"id": 1, "completed_by": 1, "result": list(regions), "was_cancelled": False}
    tasks = [{"id": 7, "annotations": [annotation], "file_upload": "a.png", "data": {"image": image}} | more]
    return draw(folder, {"images/a.png": PHOTO, "project.json": tasks})


def only(folder):
    (frame,) = read(folder)
    return frame


def test_all_frames_come_back_with_objects_groups_areas_and_numbers(difficult, tmp_path):
    label_studio.write(difficult, tmp_path, WriteOptions())
    dataset = read(tmp_path)
    assert (dataset.format, dataset.labels.labels) == ("label-studio", CITYSCAPES.labels)
    found = {frame.name: frame for frame in dataset}
    for frame in difficult:
        other = found.pop(frame.name)
        assert (other.split, other.image is None, other.truth is None) == (
            frame.split,
            frame.image is None,
            frame.truth is None,
        )
        if frame.truth is not None:
            assert_same(frame.annotation(), other.annotation())
    assert not found


def test_a_mask_of_a_brush_is_decoded_by_the_published_rule():
    # 8 values; values of 8 bits, lengths of 3, 4, 8 and 16 bits; then a run of 4 times 0, and 4 values 0, 0, 0, 255.
    bits = f"{8:032b}" + "00111" + "0010001101111111" + "10001100000000" + "000011" + "0" * 24 + "1" * 8
    data = np.packbits(np.array(list(bits), np.uint8)).tobytes()
    assert decode_brush(data, (2, 1), "a").tolist() == [[False, True]]


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (200, 300)])
def test_masks_of_brushes_come_back(shape):
    mask = np.random.default_rng(1).random(shape) < 0.5
    mask[: shape[0] // 2] = True
    data = bytes(encode_brush(mask))
    np.testing.assert_array_equal(decode_brush(data, shape[::-1], "a"), mask)
    with pytest.raises(DataError, match="a: its mask ends too early"):
        decode_brush(data[:-1] if len(data) > 30 else data[:7], shape[::-1], "a")
    with pytest.raises(DataError, match="a: its mask has .* values; expected 9 x 9 x 4"):
        decode_brush(data, (9, 9), "a")


def test_polygons_are_outlines_and_rectangles_boxes(tmp_path):
    box = {"x": 50, "y": 25, "width": 25, "height": 50, "rotation": 0}
    turned = {"x": 100, "y": 0, "width": 50, "height": 25, "rotation": 90}  # 4 x 1 pixels, turned about its corner
    regions = (
        region("polygonlabels", HALF),
        region("rectanglelabels", box, "bus"),
        region("rectanglelabels", turned, "truck"),
    )
    annotation = only(export(tmp_path, *regions)).annotation()
    assert shown(annotation) == [None, ("car", 0), None, None] and (annotation.pixels[:, 7] > 0).all()
    assert annotation.boxes == (BoxedObject(Segment("bus", 0), (4, 1, 2, 2)),)


def test_other_regions_are_counted_and_the_last_annotation_is_read(tmp_path):
    others = region("keypointlabels", {"x": 1, "y": 1, "width": 1}), {"type": "choices", "value": {"choices": ["x"]}}
    others = *others, region("polygonlabels", HALF, "")
    annotations = [
        {"result": [region("polygonlabels", HALF, "bus")]},
        {"result": [region("polygonlabels", HALF), *others]},
        {"result": [], "was_cancelled": True},
    ]
    frame = only(export(tmp_path, annotations=annotations))
    assert shown(frame.annotation()) == [None, ("car", 0), None, None]
    assert frame.annotation().dropped == {"regions that are no polygon, rectangle or brush, or have no label": 3}
    assert "1 task has several annotations; the last of each is read" in read(tmp_path).notes


@pytest.mark.parametrize(
    "image",
    [
        "/data/upload/1/0a1b2c3d-a.png",
        "/data/local-files/?d=images/a.png",
        "s3://bucket/images/a.png",
        "C:\\images\\a.png",
    ],
)
def test_the_photograph_is_found_by_the_end_of_its_path(tmp_path, image):
    frame = only(export(tmp_path, image=image, annotations=[]))
    assert frame.image is not None and (frame.name, frame.truth) == ("a", None)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (region("brushlabels", {"format": "rle", "rle": [1, 256]}), r"task 0: region 0: its mask \(rle\) has a number"),
        (region("polygonlabels", {"points": [[0, 0], [1]]}), "region 0: has a coordinate that is missing"),
        (region("polygonlabels", {"points": [[0, 0], [1e30, 1], [1, 1]]}), "region 0: has a coordinate that is not"),
        (region("rectanglelabels", {"x": 1}), "region 0: has a coordinate that is missing"),
        (region("rectanglelabels", {"x": 1, "y": 1, "width": 1, "height": 1, "rotation": "nan"}), "is not finite"),
        (3, "region 0: is not an object"),
    ],
)
def test_regions_that_cannot_be_are_refused_with_task_and_place(tmp_path, found, message):
    with pytest.raises(DataError, match=message):
        read(export(tmp_path, found))


def test_its_coco_export_is_read(tmp_path):
    content = {
        "images": [{"width": 8, "height": 4, "id": 0, "file_name": "images\\0a1b2c3d-a.png"}],
        "categories": [{"id": 0, "name": "car"}],
        "annotations": [
            {"id": 0, "image_id": 0, "category_id": 0, "segmentation": [[2, 0, 4, 0, 4, 4, 2, 4]], "bbox": [2, 0, 2, 4],
             "ignore": 0, "iscrowd": 0, "area": 8}
        ],
        "info": {"contributor": "Label Studio"},
    }  # fmt: skip
    frame = only(draw(tmp_path, {"result.json": content, "images/0a1b2c3d-a.png": PHOTO}))
    assert frame.image is not None and shown(frame.annotation()) == [None, ("car", 0), None, None]


def test_a_size_that_no_picture_has_is_refused_before_a_mask_is_decoded(tmp_path):
    size = {"original_width": 2**15, "original_height": 2**15 - 1}
    frame = only(export(tmp_path, region("brushlabels", {"rle": [255, 254, 0, 0]}, **size)))
    with pytest.raises(DataError, match="has 32768 x 32767 pixels"):
        frame.truth.load()


def test_a_photograph_is_found_in_upper_case(tmp_path):
    folder = export(tmp_path, image="/data/upload/1/0a1b2c3d-B.PNG")
    (folder / "images/a.png").rename(folder / "images/B.PNG")
    assert only(folder).image is not None


def test_a_byte_order_mark_is_passed_over_and_half_a_letter_refused(tmp_path):
    export(tmp_path, region("polygonlabels", HALF))
    text = (tmp_path / "project.json").read_text()
    (tmp_path / "project.json").write_text("\ufeff" + text)
    assert shown(only(tmp_path).annotation()) == [None, ("car", 0), None, None]
    (tmp_path / "project.json").write_text(text.replace("a.png", "\\udcff.png"))
    with pytest.raises(DataError, match="project.json: has an escape that is no letter"):
        read(tmp_path)
