"""Names of members in every way that programs write them, and other archives than zips."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from common.errors import DataError
from common.files.listing import list_files_of
from common.files.zips import list_members


def write_zip(path, *names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), f"content of {name}")
    return path


@pytest.mark.parametrize(
    "written", [("./data/", "./data/a.txt"), ("data\\", "data\\a.txt"), (".\\data\\a.txt",), ("data//a.txt",)]
)
def test_a_name_with_dots_or_backslashes_is_that_of_the_folder(tmp_path, written):
    tree = list_files_of(write_zip(tmp_path / "a.zip", *written))
    assert tree.names() == ["data/a.txt"]
    assert tree["data/a.txt"].read_bytes() == f"content of {written[-1]}".encode()


@pytest.mark.parametrize("outside", ["/a.txt", "../a.txt", "..\\a.txt", "x\\..\\..\\a.txt", "C:\\a.txt", "\\a.txt"])
def test_a_member_that_leads_out_of_the_archive_is_refused(tmp_path, outside):
    path = write_zip(tmp_path / "a.zip", "b.txt", outside)
    assert list_members(path).unsafe == [outside]
    with pytest.raises(DataError, match="leads out of the archive; do not trust"):
        list_files_of(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["./d/a.txt", "d\\a.txt", "d/a.txt", "d//a.txt"])
def test_two_members_that_stand_for_one_file_are_refused(tmp_path, second):
    with pytest.raises(DataError, match="a.zip: the members 'd/a.txt' and .* stand for one file; make the archive"):
        list_files_of(write_zip(tmp_path / "a.zip", "d/a.txt", second))


@pytest.mark.parametrize("name", ["", ".", "./."])
def test_a_member_without_a_name_is_refused_in_one_sentence(tmp_path, name):
    with pytest.raises(DataError, match="a.zip: a member has the name .*, which names no file"):
        list_files_of(write_zip(tmp_path / "a.zip", "b.txt", name))


def tar_of_one_file():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return data.getvalue()


ARCHIVES = {
    "a tar archive": tar_of_one_file(),
    r"a tar archive \(gzip\)": gzip.compress(tar_of_one_file()),
    r"a tar archive \(bzip2\)": bz2.compress(tar_of_one_file()),
    r"a tar archive \(xz\)": lzma.compress(tar_of_one_file()),
    "a file compressed with gzip": gzip.compress(b"no tar archive"),
    "a file compressed with xz": lzma.compress(tar_of_one_file())[:40],
    "a 7z archive": b"7z\xbc\xaf\x27\x1c\0\4",
    "a rar archive": b"Rar!\x1a\x07\x01\0",
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_another_archive_is_named_by_its_content_whatever_its_ending(tmp_path, kind):
    path = tmp_path / "a.zip"
    path.write_bytes(ARCHIVES[kind])
    with pytest.raises(DataError, match=f"a.zip: is {kind}, not a zip; extract it and give the folder"):
        list_files_of(path)
