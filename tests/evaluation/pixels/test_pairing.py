import zipfile

import pytest

from common.errors import ConfigError, DataError
from common.evaluation.pixels.frame_truth import FileFrame
from common.evaluation.pixels.mask_values import IDS, MaskValues
from common.evaluation.pixels.pairing import pair
from common.evaluation.pixels.truth_frames import TruthSet
from common.files.sources import Source
from common.labels.maps import study_label_map

A, B = "ulm_000000_000019", "ulm_000001_000019"


def truth_of(tmp_path, *names, split="val"):
    frames = tuple(FileFrame(name, split, {"labelIds": Source(tmp_path / f"{name}.png")}) for name in names)
    return TruthSet(tmp_path, frames, MaskValues(IDS, study_label_map()))


def make(tmp_path, *files):
    folder = tmp_path / "predictions"
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def paths(pairs, folder):
    return [file.path.relative_to(folder).as_posix() for _, file in pairs.frames]


def test_a_name_that_begins_with_the_frames_is_its_prediction_anywhere_below_the_folder(tmp_path):
    folder = make(tmp_path, f"deep/er/{A}anything.png", f"{B}_leftImg8bit.png")
    pairs = pair(folder, truth_of(tmp_path, A, B))
    assert paths(pairs, folder) == [f"deep/er/{A}anything.png", f"{B}_leftImg8bit.png"]


def test_two_predictions_of_a_frame_are_an_error_that_names_both(tmp_path):
    folder = make(tmp_path, f"one/{A}.png", f"two/{A}_pred.png")
    with pytest.raises(DataError, match=rf"{A} has 2 predictions(.|\n)*one/{A}\.png\n.*two/{A}_pred\.png"):
        pair(folder, truth_of(tmp_path, A))


@pytest.mark.parametrize(("encoding", "ending"), [("auto", ""), ("classes", ""), ("color", "_color")])
def test_of_a_mask_and_its_colours_beside_it_the_one_asked_for_is_taken(encoding, ending, tmp_path):
    folder = make(tmp_path, f"{A}.png", f"{A}_color.png")
    assert paths(pair(folder, truth_of(tmp_path, A), encoding=encoding), folder) == [f"{A}{ending}.png"]


@pytest.mark.parametrize(("encoding", "expected"), [("auto", "labelIds"), ("ids", "labelIds"), ("color", "color")])
def test_of_folders_side_by_side_the_one_asked_for_is_taken(encoding, expected, tmp_path):
    folder = make(tmp_path, *(f"{kind}/{A}.png" for kind in ("labelIds", "color", "overlay")))
    assert paths(pair(folder, truth_of(tmp_path, A), encoding=encoding), folder) == [f"{expected}/{A}.png"]


def test_other_names_end_at_a_character_that_is_no_letter_or_digit_and_the_longest_wins(tmp_path):
    folder = make(tmp_path, "a_1.png", "a_1_x-y.png", "a_10.png", "a_100.png")
    pairs = pair(folder, truth_of(tmp_path, "a_1", "a_1_x", "a_10"))
    assert paths(pairs, folder) == ["a_1.png", "a_1_x-y.png", "a_10.png"]
    assert "a_100" in pairs.notes[0]


def test_hidden_and_other_files_are_not_predictions(tmp_path):
    folder = make(tmp_path, f"{A}.png", f".{A}.1f.png", f".trash/{A}.png", f"{A}.json", f"{A}.txt")
    assert paths(pair(folder, truth_of(tmp_path, A)), folder) == [f"{A}.png"]


def test_folders_behind_links_are_searched_once_and_links_that_lead_back_end(tmp_path):
    folder = make(tmp_path, "own.png")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / f"{A}.png").touch()
    for link, target in (("a", "elsewhere"), ("b", "elsewhere"), ("back", "predictions")):
        (folder / link).symlink_to(tmp_path / target, target_is_directory=True)
    assert paths(pair(folder, truth_of(tmp_path, A)), folder) == [f"a/{A}.png"]


def test_a_name_that_could_steer_a_terminal_is_shown_in_quotes(tmp_path):
    folder = make(tmp_path, f"{A}.png", "evil\x1b[2J.png")
    (note,) = pair(folder, truth_of(tmp_path, A)).notes
    assert note.endswith(r"'evil\x1b[2J'")


def test_a_zip_of_predictions_is_read_as_it_is(tmp_path):
    with zipfile.ZipFile(tmp_path / "sent.zip", "w") as archive:
        for name in (f"results/{A}.png", f"__MACOSX/results/{A}.png", f"../{A}_b.png"):
            archive.writestr(name, b"")
    ((_, file),) = pair(tmp_path / "sent.zip", truth_of(tmp_path, A)).frames
    assert file == Source(tmp_path / "sent.zip", f"results/{A}.png")


def test_splits_without_any_prediction_are_left_out_and_named(tmp_path):
    frames = truth_of(tmp_path, A).frames + truth_of(tmp_path, B, split="train").frames
    truth = TruthSet(tmp_path, frames, MaskValues(IDS, study_label_map()))
    folder = make(tmp_path, f"{A}.png")
    pairs = pair(folder, truth)
    assert [frame.name for frame, _ in pairs.frames] == [A]
    assert "'train'" in pairs.notes[0]
    with pytest.raises(DataError, match=f"no prediction for 1 of 2 frames: {B}"):
        pair(folder, truth, splits=("train", "val"))
    with pytest.raises(ConfigError, match="no split 'test'; there are 'train', 'val'"):
        pair(folder, truth, splits=("test",))


def test_predictions_of_no_frame_are_noted_and_nothing_that_fits_is_an_error(tmp_path):
    folder = make(tmp_path, f"{A}.png", "notes.png")
    assert pair(folder, truth_of(tmp_path, A)).notes == ("no frame of the truth belongs to 1 prediction: notes",)
    with pytest.raises(DataError, match=rf"no frame of the truth belongs to 2 PNG files, for example notes; .*{B}"):
        pair(folder, truth_of(tmp_path, B))
    with pytest.raises(DataError, match="nowhere: .* a folder or zip"):
        pair(tmp_path / "nowhere", truth_of(tmp_path, B))


@pytest.mark.parametrize(
    ("files", "mask", "color"),
    [
        (("_leftImg8bit.png", "_leftImg8bit_color.png"), "_leftImg8bit.png", "_leftImg8bit_color.png"),
        (("_leftImg8bit_a.png", "_leftImg8bit_a_color.png"), "_leftImg8bit_a.png", "_leftImg8bit_a_color.png"),
        (("_labelIds.png", "_color.png", "_leftImg8bit.png"), "_labelIds.png", "_color.png"),
        (("_leftImg8bit.PNG", "_leftImg8bit_COLOR.PNG"), "_leftImg8bit.PNG", "_leftImg8bit_COLOR.PNG"),
        ((".png", "_overlay.png", "_leftImg8bit.png"), ".png", ".png"),
        (("_labelTrainIds.png", "_instanceTrainIds.png", "_color.png"), "_labelTrainIds.png", "_color.png"),
    ],
)  # fmt: skip
def test_of_all_files_of_a_frame_the_one_that_is_named_like_the_encoding_is_taken(files, mask, color, tmp_path):
    folder = make(tmp_path, *(A + file for file in files))
    assert paths(pair(folder, truth_of(tmp_path, A)), folder) == [A + mask]
    assert paths(pair(folder, truth_of(tmp_path, A), encoding="color"), folder) == [A + color]
