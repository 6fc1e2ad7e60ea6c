import shutil
import zlib

import pytest

from common.dataset.prepared.stages import MANIFEST, Stage, read_manifest
from common.errors import DataError
from common.files.disk import read_json, write_bytes


def stage(folder, **settings):
    return Stage(folder / "out", "step 00", settings, "inputs")


def fill(folder, **files):
    for name, text in files.items():
        (folder / name).write_text(text)


def build(a_stage, **files):
    with a_stage.build(files) as building:
        fill(building, **files)


def test_a_stage_is_complete_only_after_its_build(tmp_path):
    one = stage(tmp_path)
    assert not one.is_complete()
    build(one, a="1")
    assert one.is_complete()
    assert read_json(tmp_path / "out" / MANIFEST)["files"] == {"a": [1, zlib.crc32(b"1")]}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_other_settings_and_other_inputs_make_it_incomplete(tmp_path):
    build(stage(tmp_path, size=1), a="1")
    assert not stage(tmp_path, size=2).is_complete()
    assert not Stage(tmp_path / "out", "step 00", {"size": 1}, "other inputs").is_complete()


@pytest.mark.parametrize("damage", ["missing", "shorter", "added"])
def test_a_folder_that_was_changed_is_incomplete(tmp_path, damage):
    build(stage(tmp_path), a="12", b="12")
    file = tmp_path / "out" / "a"
    if damage == "missing":
        file.unlink()
    elif damage == "shorter":
        file.write_text("1")
    else:
        (tmp_path / "out" / "c").write_text("")
    assert not stage(tmp_path).is_complete()


def test_a_new_build_holds_no_file_of_the_old_one(tmp_path):
    build(stage(tmp_path, size=1), a="1")
    build(stage(tmp_path, size=2), b="1")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b", MANIFEST]


def test_an_interrupted_build_continues_when_nothing_has_changed(tmp_path):
    with pytest.raises(KeyboardInterrupt), stage(tmp_path).build([]) as building:
        fill(building, a="1")
        raise KeyboardInterrupt
    assert not (tmp_path / "out").exists()
    with stage(tmp_path).build(["a"]) as building:
        assert (building / "a").exists()


def test_an_interrupted_build_of_other_settings_is_thrown_away(tmp_path):
    with pytest.raises(KeyboardInterrupt), stage(tmp_path, size=1).build([]) as building:
        fill(building, a="1")
        raise KeyboardInterrupt
    with stage(tmp_path, size=2).build([]) as building:
        assert not list(building.iterdir())


def test_a_stop_between_the_two_renames_loses_nothing(tmp_path):
    build(stage(tmp_path, size=1), a="1")
    build(stage(tmp_path, size=2), a="2")
    shutil.move(tmp_path / "out", tmp_path / ".out.old")
    build(stage(tmp_path, size=2), a="2")
    assert stage(tmp_path, size=2).is_complete()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_somebody_else_is_never_touched(tmp_path):
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", mine="1")
    with pytest.raises(DataError, match="was not written by step 00"):
        build(stage(tmp_path), a="1")
    assert (tmp_path / "out" / "mine").exists()


def test_files_that_somebody_added_are_moved_aside_and_not_deleted(tmp_path):
    build(stage(tmp_path, size=1), a="1")
    fill(tmp_path / "out", notes="mine")
    build(stage(tmp_path, size=2), a="2")
    assert stage(tmp_path, size=2).is_complete()
    assert (tmp_path / "previous" / "out_1" / "notes").read_text() == "mine"


def test_a_build_that_lost_files_is_not_taken_for_whole(tmp_path):
    with (
        pytest.raises(DataError, match="1 of 2 files are missing, for example b; .* start step 00 again"),
        stage(tmp_path).build(["a", "b"]) as building,
    ):
        fill(building, a="1")
    assert not (tmp_path / "out").exists()


def test_the_manifest_tells_what_was_written_and_not_what_lies_there_in_the_end(tmp_path):
    known = {}
    with stage(tmp_path).build(["a"], known) as building:
        known["a"] = write_bytes(building / "a", b"written")
        fill(building, a="changed")  # as long, so that only the checksum tells
    assert read_manifest(tmp_path / "out").files["a"] == (7, zlib.crc32(b"written"))


def test_a_file_that_was_cut_off_while_the_folder_was_written_is_made_again(tmp_path):
    known = {}
    with (
        pytest.raises(DataError, match="1 file changed .* a with 3 bytes instead of 7; .* start step 00 again"),
        stage(tmp_path).build(["a", "b"], known) as building,
    ):
        for file in ("a", "b"):
            known[file] = write_bytes(building / file, b"written")
        fill(building, a="cut")
    assert not stage(tmp_path).is_complete()
    with pytest.raises(KeyboardInterrupt), stage(tmp_path).build(["a", "b"]) as building:
        assert sorted(path.name for path in building.iterdir()) == ["b"]
        raise KeyboardInterrupt


def test_a_marker_that_a_power_cut_emptied_starts_the_build_over(tmp_path):
    with pytest.raises(KeyboardInterrupt), stage(tmp_path).build([]) as building:
        fill(building, a="1")
        raise KeyboardInterrupt
    (tmp_path / ".out.building.json").write_text("")
    with stage(tmp_path).build([]) as building:
        assert not list(building.iterdir())


def test_equal_content_has_an_equal_fingerprint_whatever_it_was_made_from(tmp_path):
    build(stage(tmp_path), a="1")
    first = read_manifest(tmp_path / "out").content_fingerprint
    build(Stage(tmp_path / "out", "step 00", {}, "the same files, copied"), a="1")
    assert read_manifest(tmp_path / "out").content_fingerprint == first
    build(Stage(tmp_path / "out", "step 00", {}, "others"), a="2")
    assert read_manifest(tmp_path / "out").content_fingerprint != first


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is a link or a file"):
        build(stage(tmp_path), a="1")


def test_a_broken_manifest_is_named(tmp_path):
    (tmp_path / MANIFEST).write_text("[]")
    with pytest.raises(DataError, match="delete the folder"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("place", ['"x": {0}', '"x": [{{"y": {0}}}]'])
def test_a_manifest_with_a_number_that_is_none_is_refused_with_the_way_out(tmp_path, number, place):
    build(stage(tmp_path, x=1), a="1")
    path = tmp_path / "out" / MANIFEST
    path.write_text(path.read_text().replace('"x": 1', place.format(number)))
    with pytest.raises(DataError, match=r"manifest.json.*; delete the folder .* and run its step again"):
        read_manifest(tmp_path / "out")
