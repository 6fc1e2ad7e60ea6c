import pytest

from common.errors import DataError
from common.files.sources import NamedBytes
from common.images.not_read import describe_content, describe_other, describe_others
from common.images.pictures import read_photograph


def test_pictures_of_other_kinds_and_videos_are_counted_with_the_way_out():
    names = ["a/IMG_1.HEIC", "a/IMG_2.heic", "b/x.gif", "c.mov", "photo.jpg", "readme.txt"]
    assert describe_others(names, "split videos") == (
        "2 HEIC pictures (for example IMG_1.HEIC), 1 GIF (for example x.gif), 1 video (for example c.mov) passed over; "
        "to predict HEIC, first: python -m pip install pi-heif; to convert it: heif-convert IN.heic OUT.jpg; "
        "save the picture that is wanted of a GIF as PNG; split videos"
    )


def test_where_there_are_none_nothing_is_said():
    assert describe_others(["a.jpg", "b.png", "heic", "gif.txt"], "") == ""
    assert describe_other("a.jpg") == ""
    assert describe_content(b"\xff\xd8\xff\xe0 some JPEG") == ""


def test_a_picture_of_a_phone_that_is_called_jpg_is_named_as_what_it_is():
    data = b"\x00\x00\x00\x18ftypavif" + bytes(40)
    with pytest.raises(DataError, match="IMG.jpg: is an AVIF picture, which is not read here; convert"):
        read_photograph(NamedBytes("IMG.jpg", data))
