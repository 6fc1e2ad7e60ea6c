"""Names that no format writes."""

import numpy as np
import pytest

from common.errors import DataError
from common.formats.format import WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset
from common.formats.names import Pictures, check_name, path_inside, read_names, tail_in
from common.formats.registry import FORMATS
from common.labels.tables import CITYSCAPES


@pytest.mark.parametrize("name", ["a\\b", "a\nb", "a\x07", ".a", "..", "a/b", "\u2028"])
@pytest.mark.parametrize("format", FORMATS.values())
def test_a_name_that_is_not_found_again_is_refused_by_name(format, name, tmp_path):
    frame = AnnotatedFrame(name, truth=Annotation(np.zeros((2, 2), np.uint16), {}))
    with pytest.raises(DataError, match="the frame .* cannot be written: its name") as caught:
        format.write(FrameDataset(CITYSCAPES, [frame]), tmp_path / "new", WriteOptions())
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (AnnotatedFrame("a", "b/c"), "its split 'b/c' leads out"),
        (AnnotatedFrame("a", "", "x/../y"), "its city 'x/../y' leads out"),
        (AnnotatedFrame("a", "", "x\n"), r"its city 'x\\n' has a line break"),
    ],
)
def test_splits_and_cities_are_tested_too(frame, what):
    with pytest.raises(DataError, match=what):
        check_name(frame)


def test_names_of_any_language_are_written():
    check_name(AnnotatedFrame("Große 街道 12:30 #1", "train extra", "tour/abend"))


@pytest.mark.parametrize(
    ("name", "inside", "is_foreign"),
    [
        ("a/b.png", "a/b.png", False),
        (".\\a\\b.png", "a/b.png", False),
        ("/a/b.png", "a/b.png", True),
        ("\\\\server\\a\\b.png", "server/a/b.png", True),
        ("d:\\a\\b.png", "a/b.png", True),
        ("x/../../a/b.png", "a/b.png", True),
        ("https://h.org/a/b%20c.png?x=/../y#z", "a/b c.png", True),
        ("http://[x/a.png", "a.png", True),
        ("file:///C:/a/b.png", "a/b.png", True),
        ("../..", "", True),
    ],
)
def test_a_path_is_made_relative_whatever_computer_it_comes_from(name, inside, is_foreign):
    assert path_inside(name) == (inside, is_foreign)


def test_the_longest_end_of_a_path_that_is_there_is_found_in_whole_parts():
    assert tail_in("x/train/a.png", {"a.png", "train/a.png"}) == "train/a.png"
    assert tail_in("x/data.png", {"a.png"}) is None


@pytest.mark.parametrize("format", ["coco", "coco-panoptic", "labelme", "label-studio"])
def test_a_name_that_json_cannot_hold_is_refused(format, tmp_path):
    frame = AnnotatedFrame("a\udcff", truth=Annotation(np.zeros((2, 2), np.uint16), {}))
    with pytest.raises(DataError, match=r"'default/default/a\\udcff' cannot be written: .* not UTF-8"):
        FORMATS[format].write(FrameDataset(CITYSCAPES, [frame]), tmp_path / "new", WriteOptions())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_may_be_written_in_any_unicode(encoding, tmp_path):
    (tmp_path / "list").write_text("# frames\n ulm_0 \nGroße\n\n", encoding)
    assert read_names(tmp_path / "list") == ("ulm_0", "Große")


def test_of_photographs_of_one_name_the_one_with_the_most_folders_alike_is_found():
    pictures = Pictures(["images/train/a.png", "images/val/a.png", "images/val/b.png"])
    assert pictures.find("val/a.png") == "images/val/a.png"
    assert pictures.find("elsewhere/b.png") == "images/val/b.png"
    assert pictures.find("a.png") is None
