import errno
import os
import zipfile
from pathlib import Path

import pytest

from common.errors import DataError
from common.files import disk as files
from common.files.zips import is_safe_member, read_member


def test_what_killed_processes_left_of_files_is_removed_and_nothing_else(tmp_path):
    left = [".a.0123abcd.png", "..train.building.89abcdef.json", ".b.00000000"]
    others = [".hidden", "a.0123abcd.png", ".train.building.json", ".a.0123abcdef.png"]
    for name in (*left, *others):
        (tmp_path / name).touch()
    files.remove_temporaries(tmp_path, older_than_seconds=60)
    assert len(list(tmp_path.iterdir())) == 7
    files.remove_temporaries(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)
    files.remove_temporaries(tmp_path / "missing")


def test_a_temporary_name_is_recognised_as_one(tmp_path):
    with pytest.raises(KeyboardInterrupt), files.atomic_path(tmp_path / "a.json") as temporary:
        raise KeyboardInterrupt
    temporary.touch()
    files.remove_temporaries(tmp_path)
    assert not temporary.exists()


def test_an_error_while_writing_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_one_clear_error(tmp_path):
    with pytest.raises(DataError, match="disk is full"), files.atomic_path(tmp_path / "a.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_where_a_folder_should_be_is_named(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(DataError, match="a part of this path is a file"):
        files.write_text(tmp_path / "a" / "b.txt", "")


@pytest.mark.parametrize("name", ["", "/dev/null", "folder"])
def test_only_a_file_can_be_replaced(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    with pytest.raises(DataError, match="not a place for a file"):
        files.write_text(Path(name), "text")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "folder"]


def test_json_is_strict(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(tmp_path / "a.json", {"score": float("nan")})
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(DataError, match="b.json.*JSON"):
        files.read_json(tmp_path / "b.json")
    for hostile in (b"[" * 100_000, b"1" * 5_000, b"\xff\xfe"):
        (tmp_path / "hostile.json").write_bytes(hostile)
        with pytest.raises(DataError, match="hostile.json.*JSON"):
            files.read_json(tmp_path / "hostile.json")


def test_a_fingerprint_does_not_depend_on_the_order_of_keys():
    assert files.fingerprint({"a": 1, "b": [2]}) == files.fingerprint({"b": [2], "a": 1})
    assert files.fingerprint({"a": 1}) != files.fingerprint({"a": 2})


def test_a_link_is_made_and_where_there_are_none_a_copy(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("content")
    assert files.link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").samefile(tmp_path / "a")

    def no_links(*_):
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "link", no_links)
    assert not files.link_or_copy(tmp_path / "a", tmp_path / "c")
    assert (tmp_path / "c").read_text() == "content"
    assert not (tmp_path / "c").samefile(tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "safe"),
    [("gtFine/a.png", True), ("/etc/passwd", False), ("../a", False), ("a/../../b", False), ("..\\a", False),
     ("C:/a", False)],
)  # fmt: skip
def test_only_members_inside_the_archive_are_safe(name, safe):
    assert is_safe_member(name) == safe


def test_a_member_is_never_read_beyond_the_limit(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1_000_000))
    with zipfile.ZipFile(tmp_path / "bomb.zip") as archive, pytest.raises(DataError, match="1,000,000 bytes"):
        read_member(archive, "a", largest=1000)


def test_a_damaged_member_is_named_with_its_archive(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.txt", os.urandom(1000))
    content = bytearray(path.read_bytes())
    content[500] ^= 255
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive, pytest.raises(DataError, match="a.zip: inside.txt"):
        read_member(archive, "inside.txt")


@pytest.mark.parametrize("name", ["n" * 251 + ".png", "ä" * 125 + ".png", "a." + "b" * 250, "n" * 255])
def test_a_name_as_long_as_the_disk_allows_can_be_written(tmp_path, name):
    files.write_bytes(tmp_path / name, b"whole")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, b"whole")]


def test_the_temporary_file_keeps_the_ending_of_a_long_name(tmp_path):
    with files.atomic_path(tmp_path / ("n" * 251 + ".png")) as temporary:
        assert temporary.suffix == ".png" and len(temporary.name) == 255
        temporary.write_bytes(b"")


def test_a_name_that_no_file_can_have_is_told_from_a_disk_that_cannot_be_written(tmp_path):
    with pytest.raises(files.PlaceError, match=r"n\.png: cannot be written: its name is too long"):
        files.write_bytes(tmp_path / ("n" * 260 + ".png"), b"")
    (tmp_path / "file").write_text("")
    with pytest.raises(files.PlaceError, match="a part of this path is a file"):
        files.write_bytes(tmp_path / "file" / "a.png", b"")
    with pytest.raises(DataError, match="disk is full") as caught, files.atomic_path(tmp_path / "a.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not isinstance(caught.value, files.PlaceError)
    assert not files.is_there(tmp_path / ("n" * 260))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_refused_and_never_opened(tmp_path):
    os.mkfifo(tmp_path / "a.json")
    for read in (files.read_json, lambda path: files.read_text(path, 10)):
        with pytest.raises(DataError, match="a.json: cannot be read: it is not an ordinary file"):
            read(tmp_path / "a.json")
