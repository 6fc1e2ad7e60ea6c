from dataclasses import replace

import numpy as np
import pytest

from common.errors import DataError, LabelError
from common.formats import cvat_images
from common.formats.conversion import read
from common.formats.format import WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, BoxedObject, FrameDataset, Segment
from common.labels.tables import CITYSCAPES, LabelTable, make_label
from tests.support.difficult import assert_same
from tests.support.miniatures import PHOTO, draw, shown
from tests.support.oracles import ask_oracle

POLYGON = '<polygon label="car" points="2.0,0.0;4.0,0.0;4.0,4.0;2.0,4.0"'
DATUMARO = """
import json, sys
import numpy as np
import datumaro as dm
from datumaro.components.annotation import AnnotationType
data = dm.Dataset.import_from(sys.argv[1], "cvat")
labels = [label.name for label in data.categories()[AnnotationType.label].items]
print(json.dumps({
    f"{item.subset}/{item.id}": [
        [labels[a.label], bool(a.attributes.get("is_crowd")), np.packbits(a.image > 0).tobytes().hex()]
        for a in item.annotations
    ]
    for item in data
}))
"""


def xml(*shapes, image='id="0" name="a.png" width="8" height="4"'):
    return f"<annotations><version>1.1</version><image {image}>{''.join(shapes)}</image></annotations>"


def export(folder, *shapes, **more):
    return draw(folder, {"images/a.png": PHOTO, "annotations.xml": xml(*shapes, **more)})


def only(folder):
    (frame,) = read(folder)
    return frame


def test_all_frames_come_back_with_objects_groups_areas_and_numbers(difficult, tmp_path):
    cvat_images.write(difficult, tmp_path, WriteOptions())
    dataset = read(tmp_path)
    assert (dataset.format, dataset.labels.labels) == ("cvat-images", CITYSCAPES.labels)
    found = {frame.name: frame for frame in dataset}
    for frame in difficult:
        if frame.truth is not None:  # an image without shapes would have ground truth without objects
            other = found.pop(frame.name)
            assert (other.split, other.city, other.image is None) == (frame.split, frame.city, frame.image is None)
            assert_same(frame.annotation(), other.annotation())
    assert not found


def test_shapes_are_painted_by_their_order_and_z_order(tmp_path):
    wide = '<polygon label="bus" points="0,0;6,0;6,4;0,4"'
    found = only(export(tmp_path, f'{POLYGON} z_order="1"/>', f"{wide}/>")).annotation()
    assert shown(found) == [("bus", 0), ("car", 0), ("bus", 0), None]
    found = only(export(tmp_path, f"{POLYGON}/>", f"{wide}/>")).annotation()
    assert found.dropped == {"objects without a visible pixel": 1}


def test_masks_boxes_groups_and_other_shapes_are_told_apart(tmp_path):
    # The mask has 2 x 2 pixels from (6, 1): 1 pixel not, 2 pixels of it, 1 pixel not.
    shapes = (
        '<mask label="bus" rle="1, 2, 1" left="6" top="1" width="2" height="2"/>',
        '<box label="truck" xtl="1" ytl="1" xbr="3" ybr="2.5"/>',
        f'{POLYGON}><attribute name="is_crowd">true</attribute></polygon>',
        '<polyline label="pole" points="1,1;2,2"/>',
        '<tag label="night"/>',
    )
    found = only(export(tmp_path, *shapes)).annotation()
    (bus,) = (key for key, one in found.segments.items() if one.label == "bus")
    assert np.argwhere(found.pixels == bus).tolist() == [[1, 7], [2, 6]]
    assert found.boxes == (BoxedObject(Segment("truck", 0), (1, 1, 2, 1.5)),)
    assert Segment("car", None, True) in found.segments.values()
    assert found.dropped == {"shapes that are no polygon, box or mask": 2}


def test_shapes_of_one_group_are_one_object_and_turned_boxes_are_outlines(tmp_path):
    far = '<polygon label="car" points="6,0;8,0;8,4;6,4"'
    found = only(export(tmp_path, f'{POLYGON} group_id="5"/>', f'{far} group_id="5"/>')).annotation()
    assert shown(found) == [None, ("car", 0), None, ("car", 0)]
    # 4 x 2 pixels about (4, 2), turned by 90 degrees: columns 3 and 4, all rows.
    found = only(export(tmp_path, '<box label="car" xtl="2" ytl="1" xbr="6" ybr="3" rotation="90"/>')).annotation()
    assert (found.pixels > 0).sum() == 8 and (found.pixels[:, 3:5] > 0).all()


@pytest.mark.parametrize(
    ("image", "place"),
    [
        ('name="val/ulm/a.png" subset="val"', ("val", "ulm", "a")),
        ('name="ulm/a.png" subset="val"', ("val", "ulm", "a")),
        ('name="val/a.png"', ("val", "", "a")),
        ('name="a.png" subset="default"', ("", "", "a")),
    ],
)
def test_split_and_city_come_from_subset_and_name(tmp_path, image, place):
    frame = only(export(tmp_path, image=f'{image} width="8" height="4"'))
    assert (frame.split, frame.city, frame.name) == place and frame.image is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (xml('<polygon label="car" points="1,x"/>'), "image 0: shape 0: found '1,x'; expected numbers"),
        (xml('<polygon label="car" points="1e30,1;2,2"/>'), "shape 0: has a coordinate that is not finite"),
        (xml('<box label="car" xtl="1"/>'), "shape 0: ytl is ''; expected a number"),
        (xml('<box xtl="1"/>'), "shape 0: has no label"),
        (xml('<mask label="car" rle="1" left="0" top="0" width="99999" height="99999"/>'), "no picture has"),
        (xml(image='name="a.png"'), "image 0: width and height are 0 and 0"),
        (xml()[:-9], "is not valid XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + xml(), "has a document type"),
        ("<annotations><track/></annotations>", "has tracks of a video; export it from CVAT as"),
        ("<annotations>" + "<a>" * 20, "more than 16 deep"),
    ],
)
def test_files_that_cannot_be_are_refused_with_the_place(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read(draw(tmp_path, {"annotations.xml": text}))


@pytest.mark.parametrize(
    ("rle", "message"),
    [("1, 2", "its rle has 3 pixels; expected 2 x 2"), ("1.5, 2.5", "not a whole number"), ("5, -1", "not a whole")],
)
def test_a_mask_with_another_number_of_pixels_is_refused(tmp_path, rle, message):
    frame = only(export(tmp_path, f'<mask label="car" rle="{rle}" left="0" top="0" width="2" height="2"/>'))
    with pytest.raises(DataError, match=f"image 0: shape 0: .*{message}"):
        frame.annotation()


def test_names_that_xml_cannot_hold_are_refused_before_anything_is_written(tmp_path):
    frame = AnnotatedFrame("a\udcff", truth=Annotation(np.zeros((4, 8), np.uint16), {}))
    with pytest.raises(DataError, match="has a character that XML cannot hold"):
        cvat_images.write(FrameDataset(CITYSCAPES, (frame,)), tmp_path / "a", WriteOptions())
    table = LabelTable((make_label("a\x01", 0),))
    with pytest.raises(LabelError, match=r"'a\\x01' has a character that XML cannot hold"):
        cvat_images.write(FrameDataset(table, ()), tmp_path / "b", WriteOptions())


def test_datumaro_reads_the_same_pixels_labels_and_groups(difficult, tmp_path):
    frames = [frame for frame in difficult if frame.image is not None and frame.truth is not None]  # it needs both
    cvat_images.write(replace(difficult, frames=frames), tmp_path, WriteOptions())
    found = ask_oracle(DATUMARO, tmp_path)
    for frame in frames:
        annotation = frame.annotation()
        expected = [
            [one.label.replace(" ", ""), one.is_crowd, np.packbits(annotation.pixels == key).tobytes().hex()]
            for key, one in annotation.segments.items()
            if (annotation.pixels == key).any()
        ]
        assert sorted(found[f"{frame.split}/{frame.item_id}"]) == sorted(expected)


def test_an_attribute_called_number_is_not_that_of_an_object_where_two_have_the_same(tmp_path):
    shirt = '><attribute name="number">10</attribute></polygon>'
    far = '<polygon label="car" points="6,0;8,0;8,4;6,4"'
    found = only(export(tmp_path, POLYGON + shirt, far + shirt)).annotation()
    assert shown(found) == [None, ("car", 0), None, ("car", 1)]
    assert shown(only(export(tmp_path, POLYGON + shirt)).annotation()) == [None, ("car", 10), None, None]
