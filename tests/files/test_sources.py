import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from common.errors import DataError
from common.files import sources
from common.files.sources import Source
from common.files.zips import open_zip

MEMBER, OTHER = "leftImg8bit/train/ulm/ulm_000000_000019_leftImg8bit.png", "other.png"


def write_zip(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in members:
            archive.writestr(name, f"content of {name}")
    return path


def test_a_source_can_be_sent_to_another_process(tmp_path):
    source = Source(write_zip(tmp_path / "a.zip", MEMBER), MEMBER)
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).read_bytes().decode())"
    top = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(source), capture_output=True, check=True, cwd=top
    )
    assert done.stdout.decode().strip() == f"content of {MEMBER}"


def test_a_zip_is_opened_once_and_again_after_a_change(tmp_path):
    path = write_zip(tmp_path / "a.zip", MEMBER)
    first = open_zip(path)
    assert open_zip(path) is first
    write_zip(path, OTHER)
    assert open_zip(path).namelist() == [OTHER]
    with pytest.raises(DataError, match=rf"a.zip: {MEMBER}: .*is not in the archive"):
        Source(path, MEMBER).signature()


def test_the_signature_changes_with_the_content(tmp_path):
    on_disk = Source(tmp_path / "a.png")
    on_disk.path.write_bytes(b"before")
    before = on_disk.signature()
    on_disk.path.write_bytes(b"other")
    assert before != on_disk.signature() and on_disk.size() == 5
    in_zip = Source(write_zip(tmp_path / "a.zip", MEMBER, OTHER), MEMBER)
    assert in_zip.signature() == in_zip.signature() != Source(in_zip.path, OTHER).signature()
    assert in_zip.size() == len(f"content of {MEMBER}")


def test_reading_all_bytes_refuses_pipes_and_files_that_are_too_large(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.json").write_bytes(b"12345")
    with pytest.raises(DataError, match="pipe: cannot be read: it is not an ordinary file"):
        sources.read_bytes_of(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"a\.json: has 5 bytes, expected at most 4 of such a file"):
        sources.read_bytes_of(tmp_path / "a.json", 4)
    assert sources.read_bytes_of(tmp_path / "a.json", 5) == b"12345"


def test_a_source_that_is_gone_or_far_too_large_is_named(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"absent.png: cannot be read: No such file"):
        Source(tmp_path / "absent.png").read_bytes()
    with pytest.raises(DataError, match=r"absent.zip: cannot be read: No such file"):
        Source(tmp_path / "absent.zip", "member").signature()
    with pytest.raises(DataError, match=r"cannot be read: it is a folder"):
        Source(tmp_path).read_bytes()
    (tmp_path / "large.png").write_bytes(bytes(11))
    monkeypatch.setattr(sources, "LARGEST_MEMBER_BYTES", 10)
    with pytest.raises(DataError, match=r"large.png: has 11 bytes, .* 10"):
        Source(tmp_path / "large.png").read_bytes()


def test_a_damaged_member_is_named(tmp_path):
    path = write_zip(tmp_path / "a.zip", MEMBER)
    data = bytearray(path.read_bytes())
    data[30 + len(MEMBER) + 2] ^= 0xFF  # A local header has 30 bytes and the name.
    path.write_bytes(data)
    with pytest.raises(DataError, match=rf"a.zip: {MEMBER}: cannot be read"):
        Source(path, MEMBER).read_bytes()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_refused_where_reading_would_wait_for_ever(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match=r"pipe\.png: cannot be read"):
        Source(tmp_path / "pipe.png").read_bytes()
