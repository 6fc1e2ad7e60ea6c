import hashlib
import json
import os
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from common.config.settings import NetworkSettings
from common.errors import ConfigError, DataError
from common.files.sources import Source
from common.images.pictures import read_photograph
from common.images.png import encode_image, encode_mask, read_mask
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map
from common.learning.network.model_card import ModelCard, add_card
from common.learning.network.networks import class_index_model
from common.learning.predicting.ensembles import Ensemble, load_ensemble
from common.learning.predicting.members import list_models, without_equal
from common.learning.predicting.photographs import find_photographs
from common.learning.predicting.prediction import Lanes, Outcome, predict_photographs, prepare
from common.learning.predicting.result_folder import ResultFolder, classes_csv, make_record, merged_classes
from common.learning.predicting.upsampling import largest_class
from common.learning.predicting.video import _Video, _warn_of_uneven_times, predict_video
from common.learning.training.scoring import predict
from tests.support.toy_network import plain_form

SIZE = 32, 16
MAP = study_label_map()


def tiny(seed, size_wh=SIZE):
    """A network with random weights and statistics, the same under every back end, and its card."""
    model = plain_form(NetworkSettings(height=size_wh[1], width=size_wh[0]))
    rng = np.random.default_rng(seed)
    model.set_weights([_random(value, rng) for value in model.get_weights()])
    return model, ModelCard(name=f"tiny_{seed}", label_map=MAP, size_wh=size_wh, preparation="study")


def _random(value, rng):
    if value.ndim > 1:  # a kernel, as he_normal draws it
        return rng.normal(0, (2 / np.prod(value.shape[:-1])) ** 0.5, value.shape).astype("float32")
    return value + 0.2 * rng.random(value.shape, "float32")


@pytest.fixture(scope="module")
def members():
    return [tiny(1), tiny(2), tiny(3, (48, 32))]


def images(size_wh=SIZE, count=3):
    return np.random.default_rng(0).integers(0, 256, (count, size_wh[1], size_wh[0], 3), dtype=np.uint8)


def resized(plane_stack, size_wh):
    planes = [cv2.resize(np.ascontiguousarray(plane), size_wh, interpolation=cv2.INTER_LINEAR)
        for plane in np.moveaxis(plane_stack, -1, 0)]  # fmt: skip
    return np.stack(planes, -1)


def agree(found, probabilities):
    """Whether classes are the largest of probabilities, where the two largest do not differ in rounding alone."""
    ranked = np.sort(probabilities, -1)
    clear = ranked[..., -1] - ranked[..., -2] > 1e-5
    assert clear.mean() > 0.9
    return np.array_equal(found[clear], probabilities.argmax(-1)[clear])


@pytest.mark.parametrize("size_wh", [(200, 150), (33, 17), (16, 9), (1, 1), (129, 64)])
def test_widening_chooses_the_class_that_opencv_and_argmax_choose(size_wh):
    coarse = np.random.default_rng(1).random((4, 6, 35), np.float32) ** 6
    grid = resized(coarse / coarse.sum(-1, keepdims=True), (26, 13))
    assert agree(largest_class([grid], size_wh), resized(grid, size_wh))


def test_widening_adds_what_has_different_sizes():
    rng = np.random.default_rng(2)
    first, second = rng.random((13, 26, 7), np.float32), rng.random((20, 20, 7), np.float32)
    expected = resized(first, (100, 70)) + resized(second, (100, 70))
    assert agree(largest_class([first, second], (100, 70)), expected)


def test_the_smaller_class_wins_among_equals():
    assert largest_class([np.full((2, 2, 3), 1 / 3, np.float32)], (5, 5)).max() == 0


def test_one_row_of_probabilities_is_interpolated_between_pixel_centres():
    # Class 0 falls from 1 to 0, centres at 2 and 6 of 8 pixels: 1 1 0.875 0.625 | 0.375 ...; class 1 is the rest.
    grid = np.array([[[1, 0], [0, 1]]], np.float32)
    assert largest_class([grid], (8, 1)).tolist() == [[0, 0, 0, 0, 1, 1, 1, 1]]


@pytest.mark.backend
def test_a_network_alone_gives_the_classes_that_scoring_gives(members):
    ensemble = Ensemble(members[:1])
    expected = list(predict(class_index_model(members[0][0]), images()))
    assert np.array_equal(ensemble.class_indices(images()), expected)


@pytest.mark.backend
def test_an_ensemble_is_the_mean_of_probabilities_also_of_the_mirrored_image(members):
    ensemble = Ensemble(members[:2], mirror=True)
    x = images()
    mean = sum(np.asarray(m(x)) + np.asarray(m(x[:, :, ::-1]))[:, :, ::-1] for m, _ in members[:2]) / 4
    (found,) = ensemble.probabilities([x])
    np.testing.assert_allclose(found, mean, atol=1e-5)
    assert agree(ensemble.class_indices(x), mean)


def test_scoring_with_the_mirror_is_the_ensemble_with_the_mirror(members):
    model, card = members[0]
    ours = np.asarray(class_index_model(model, mirror=True).predict_on_batch(images()))
    theirs = Ensemble([(model, card)], mirror=True).class_indices(images())
    assert (ours == theirs).mean() > 0.999


def test_models_of_different_sizes_share_the_mean(members):
    ensemble = Ensemble(members)
    x, y = images(), images((48, 32))
    found = ensemble.probabilities([x, y])
    expected = [(np.asarray(members[0][0](x)) + np.asarray(members[1][0](x))) / 3,
        np.asarray(members[2][0](y)) / 3]  # fmt: skip
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_with_the_mirror_a_mirrored_image_gives_the_mirrored_classes(members):
    ensemble = Ensemble(members[:1], mirror=True)
    (straight,), (mirrored,) = ensemble.probabilities([images()]), ensemble.probabilities([images()[:, :, ::-1]])
    np.testing.assert_allclose(mirrored[:, :, ::-1], straight, atol=1e-5)


def test_at_another_size_the_network_is_the_one_built_for_it(members):
    model, card = members[0]
    built = plain_form(NetworkSettings(height=32, width=64))
    built.set_weights(model.get_weights())
    wide = images((64, 32))
    (found,) = Ensemble([(model, card)], (64, 32)).probabilities([wide])
    np.testing.assert_allclose(found, np.asarray(built(wide)), atol=1e-5)


@pytest.mark.parametrize("size_wh", [(40, 32), (0, 16), (1_600_000, 16)])
def test_sizes_a_network_cannot_take_are_refused(members, size_wh):
    with pytest.raises(ConfigError, match="multiples of 16"):
        Ensemble(members[:1], size_wh)


def test_models_of_different_classes_have_no_mean(members, tmp_path):
    nineteen = ModelCard(name="b", label_map=load_label_map("cityscapes19"), size_wh=SIZE, preparation="study")
    members[0][0].save(tmp_path / "a.keras")
    add_card(tmp_path / "a.keras", members[0][1])
    plain_form(NetworkSettings(height=16, width=32, num_classes=19)).save(tmp_path / "b.keras")
    add_card(tmp_path / "b.keras", nineteen)
    with pytest.raises(DataError, match=r"a\.keras and .*b\.keras: predict different classes \(35 and 19\)"):
        load_ensemble(list_models([tmp_path]))


def test_a_model_and_its_links_and_copies_count_once(tmp_path):
    (tmp_path / "a_0.keras").write_bytes(b"one")
    (tmp_path / "a_1.keras").write_bytes(b"two")
    (tmp_path / "a_topK_1.keras").hardlink_to(tmp_path / "a_0.keras")
    shutil.copy(tmp_path / "a_1.keras", tmp_path / "b.keras")
    found = without_equal(list_models([tmp_path, tmp_path / "a_1.keras", tmp_path / "missing.keras"]))
    assert [file.name for file in found] == ["a_0.keras", "a_1.keras", "missing.keras"]
    assert found[tmp_path / "a_0.keras"] == hashlib.sha256(b"one").hexdigest()


def test_photographs_are_made_smaller_as_the_model_was_prepared(members):
    model, card = members[0]
    photograph = images((160, 80), 1)[0]
    for preparation, kind in (("study", cv2.INTER_LINEAR), ("aligned", cv2.INTER_AREA)):
        ensemble = Ensemble([(model, card.model_copy(update={"preparation": preparation}))])
        (found,) = prepare(ensemble, "a", photograph).inputs
        assert (found == cv2.resize(photograph, SIZE, interpolation=kind)).all()
    both = Ensemble([(model, card), (tiny(2)[0], card.model_copy(update={"preparation": "aligned"}))])
    assert [len(prepare(both, "a", photograph).inputs), len(both.probabilities(
        [one[None] for one in prepare(both, "a", photograph).inputs]))] == [2, 2]  # fmt: skip


def test_more_images_than_memory_can_hold_are_refused_before_they_are_read(members):
    # 10^9 images x 32 x 16 pixels x 35 classes x 4 bytes
    with pytest.raises(ConfigError, match=r"1,000,000,000 images of 32x16 .* take 71,680\.0 GB"):
        Lanes(Ensemble(members[:1]), 10**9, Outcome())


# Four quadrants of clear colours, so that a turn shows.
QUADRANTS = np.zeros((20, 30, 3), np.uint8)
QUADRANTS[:10, :15], QUADRANTS[:10, 15:], QUADRANTS[10:, :15] = (250, 0, 0), (0, 250, 0), (0, 0, 250)


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "webp"])
def test_photographs_of_every_kind_have_the_pixels_that_were_saved(tmp_path, ending):
    path = tmp_path / f"photo.{ending}"
    Image.fromarray(QUADRANTS).save(path, lossless=True)
    assert np.array_equal(read_photograph(Source(path)), QUADRANTS)


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "LA", "1", "CMYK"])
def test_photographs_of_other_channels_become_colours(tmp_path, mode):
    path = tmp_path / "photo.tif"
    Image.fromarray(QUADRANTS).convert(mode).save(path)
    assert np.array_equal(read_photograph(Source(path)), np.asarray(Image.open(path).convert("RGB")))


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_of_16_bits_the_upper_8_count(tmp_path, ending):
    path = tmp_path / f"photo.{ending}"
    cv2.imwrite(str(path), np.array([[0, 255, 256, 65535]], np.uint16))
    assert read_photograph(Source(path))[0, :, 0].tolist() == [0, 0, 1, 255]


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_the_turn_a_phone_notes_is_carried_out(tmp_path, ending):
    path, exif = tmp_path / f"photo.{ending}", Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(QUADRANTS).save(path, exif=exif)
    found = read_photograph(Source(path))
    assert found.shape == (30, 20, 3)
    assert np.abs(found.astype(int) - np.rot90(QUADRANTS, -1)).mean() < 12  # a turn the other way: above 100


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "bmp", "tif"])
def test_a_photograph_that_is_cut_off_is_refused_by_name(tmp_path, ending):
    path = tmp_path / f"photo.{ending}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=rf"photo\.{ending}"):
        read_photograph(Source(path))


def test_a_small_file_of_a_huge_picture_is_refused_unread(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 8_000)).save(path)
    with pytest.raises(DataError, match=r"bomb\.png"):
        read_photograph(Source(path))


def names(path, **options):
    return [photo.name for photo in find_photographs(path, **options).photographs]


def save(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_image(QUADRANTS))


def test_results_keep_folders_and_names_and_never_meet(tmp_path):
    for name in ("a/x.png", "b/x.png", "c/y.png", "c/y.PNG.png", "c/Z.png", "readme.txt", ".hidden/x.png"):
        save(tmp_path / name)
    (tmp_path / "c/y.jpg").write_bytes(b"")
    found = names(tmp_path)
    assert found == ["a/x", "b/x", "c/Z.png", "c/y.PNG.png", "c/y.jpg", "c/y.png"]
    assert len(set(found)) == len(found)


def test_of_a_prepared_split_only_the_images_are_predicted(tmp_path):
    save(tmp_path / "images" / "a.png")
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(encode_mask(np.zeros((2, 2), np.uint8)))
    assert names(tmp_path) == ["a"]


def test_frames_of_cityscapes_are_called_by_split_and_frame(demo_tree):
    found = names(demo_tree, splits=("val",))
    assert len(found) == 8
    assert all(name.startswith("val/") and name.count("_") == 2 for name in found)
    with pytest.raises(ConfigError, match="has no split tset; there is train, val"):
        names(demo_tree, splits=("tset",))


def test_splits_of_a_plain_folder_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="has no photograph"):
        names(tmp_path)
    save(tmp_path / "a.png")
    with pytest.raises(ConfigError, match="has no split val"):
        names(tmp_path, splits=("val",))


def test_what_is_no_photograph_is_found_by_its_name_and_named_when_it_is_read(tmp_path):
    save(tmp_path / "a.png")
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    save(tmp_path / "folder.png" / "b.png")
    found = find_photographs(tmp_path).photographs
    assert [photo.name for photo in found] == ["a", "empty", "lost", "pipe", "folder.png/b"]
    for photo in found[1:4]:
        with pytest.raises(DataError, match=photo.source.path.name):
            read_photograph(photo.source)
    assert make_record({}, found, {}) == make_record({}, found, {})


def test_a_photograph_whose_results_cannot_have_its_name_is_named_and_the_others_are_predicted(members, tmp_path):
    long = "n" * 251
    # Two photographs with one stem: results keep the ending, and .png behind it makes 259 bytes.
    for name in ("a/a.png", f"b/{long}.png", f"c/{long}.png", f"c/{long}.jpg", "d.jpg", "d.png/e.png", "z.png"):
        save(tmp_path / "photos" / name)
    found, folder = find_photographs(tmp_path / "photos").photographs, ResultFolder(tmp_path / "out", MAP, overlay=True)
    for _ in range(2):  # the second time goes on where the first one ended
        outcome = predict_photographs(Ensemble(members[:1]), found, folder, 2)
        assert len(outcome.failures) == 3
    assert sum(f"{long}.{ending}.png: cannot be written: its name is too long" in failure
        for ending in ("png", "jpg") for failure in outcome.failures) == 2  # fmt: skip
    assert sum("d.png" in failure for failure in outcome.failures) == 1  # a file and a folder of one name
    written = {file.relative_to(folder.path / "labelIds").as_posix() for file in folder.path.glob("labelIds/**/*.png")
        if file.is_file()}  # fmt: skip
    assert written >= {"a/a.png", f"b/{long}.png", "z.png"} and len(written) == 4


def test_a_folder_that_cannot_be_listed_is_named_and_the_others_are_predicted(tmp_path, monkeypatch):
    save(tmp_path / "a.png")
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find_photographs(tmp_path)
    assert [photo.name for photo in found.photographs] == ["a"]
    assert found.faults == (f"{tmp_path / 'locked'}: cannot be listed: Permission denied; change its permissions",)


def test_results_hold_the_official_ids_and_the_table_says_what_they_mean(tmp_path):
    # Class 8 is road, id 7, (128, 64, 128); class 0 is unlabeled, id 0.
    ResultFolder(tmp_path, MAP).write("a/b", np.array([[8, 0]], np.uint8))
    assert read_mask(tmp_path / "labelIds/a/b.png").tolist() == [[7, 0]]
    assert cv2.imread(str(tmp_path / "color/a/b.png")).tolist() == [[[128, 64, 128], [0, 0, 0]]]
    assert "7,road,128,64,128" in classes_csv(MAP).splitlines()
    assert len(classes_csv(MAP).splitlines()) == 35


def test_classes_of_several_labels_are_named_with_the_id_that_is_written():
    assert merged_classes(MAP) == []
    assert '"truck+bus" as 27' in merged_classes(load_label_map("enet11"))


def test_a_folder_of_other_results_is_left_alone_or_moved_aside(tmp_path):
    folder = ResultFolder(tmp_path / "out", MAP)
    folder.open({"models": 1})
    folder.open({"models": 1})
    with pytest.raises(DataError, match="--overwrite"):
        folder.open({"models": 2})
    folder.open({"models": 2}, overwrite=True)
    assert json.loads((tmp_path / "out_1" / "prediction.json").read_text()) == {"models": 1}


def write_video(path, pictures, rate=10):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), rate, (64, 48))
    for value in range(pictures):
        writer.write(np.full((48, 64, 3), 20 * value, np.uint8))
    writer.release()


def test_a_video_keeps_its_size_rate_and_length(members, tmp_path):
    write_video(tmp_path / "drive.mp4", 5)
    folder = ResultFolder(tmp_path / "out", MAP, overlay=True)
    outcome = predict_video(Ensemble(members[:1]), tmp_path / "drive.mp4", folder, 2, True)
    assert outcome.frames == 5
    for kind in ("color", "overlay"):
        video = cv2.VideoCapture(str(tmp_path / f"out/drive_{kind}.mp4"))
        keys = cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT
        assert [video.get(key) for key in keys] == [64, 48, 10, 5]
        video.release()
    ids = sorted((tmp_path / "out/labelIds/drive").iterdir())
    assert [file.name for file in ids] == [f"{number:06d}.png" for number in range(5)]
    assert read_mask(ids[0]).shape == (48, 64)


def test_a_video_that_breaks_off_is_predicted_as_far_as_it_goes_and_that_is_said(members, tmp_path, caplog):
    path = tmp_path / "drive.mp4"
    write_video(path, 9)
    data = bytearray(path.read_bytes())
    data[200:260] = bytes(60)  # in the midst of the pictures
    path.write_bytes(data)
    outcome = predict_video(Ensemble(members[:1]), path, ResultFolder(tmp_path / "out", MAP))
    assert 0 < outcome.frames < 9
    assert f"drive.mp4: says that it has 9 pictures, {outcome.frames} could be read" in caplog.text


def test_a_file_that_is_not_a_video_leaves_nothing_behind(members, tmp_path):
    (tmp_path / "no.mp4").write_bytes(b"no video" * 100)
    with pytest.raises(DataError, match=r"no\.mp4: is not a video"):
        predict_video(Ensemble(members[:1]), tmp_path / "no.mp4", ResultFolder(tmp_path / "out", MAP))
    assert not (tmp_path / "out").exists()


class TimedCapture:
    """A video whose pictures have chosen times, in milliseconds."""

    def __init__(self, milliseconds, rate):
        self._times, self._rate, self._at = milliseconds, rate, -1

    def read(self):
        self._at += 1
        return self._at < len(self._times), np.zeros((4, 4, 3), np.uint8)

    def get(self, key):
        if key == cv2.CAP_PROP_POS_MSEC:
            return self._times[self._at]
        return {cv2.CAP_PROP_FPS: self._rate, cv2.CAP_PROP_FRAME_COUNT: len(self._times)}[key]


@pytest.mark.parametrize(
    ("milliseconds", "shift"),
    [
        ([0, 100, 200, 300], (0, 0.0)),
        ([500, 600, 700, 800], (0, 0.0)),  # begins later, as cut videos do
        ([0, 0, 0, 0], (0, 0.0)),  # a file without times
        ([0, 100, 200, 1300], (3, -1.0)),  # 3 / 10 s instead of 1.3 s
        ([0, 20, 40, 300], (2, 0.16)),  # 2 / 10 s instead of 0.04 s
    ],
)
def test_the_picture_furthest_from_its_time_is_found(milliseconds, shift):
    video = _Video(None, TimedCapture(milliseconds, 10))
    assert len(list(video)) == 4
    number, seconds = video.largest_shift
    assert seconds == pytest.approx(shift[1], abs=1e-9)
    assert number == shift[0] or not shift[1]


@pytest.mark.parametrize(("seconds", "words"), [(1.5, "picture 4 comes 1.50 s too late"), (-0.2, "0.20 s too early")])
def test_uneven_times_are_a_warning_and_small_shifts_are_not(seconds, words, caplog, tmp_path):
    video = _Video(None, TimedCapture([0], 10))
    video.largest_shift = (4, 0.09)
    _warn_of_uneven_times(tmp_path / "phone.mp4", video)
    assert caplog.text == ""
    video.largest_shift = (4, seconds)
    _warn_of_uneven_times(tmp_path / "phone.mp4", video)
    assert "phone.mp4: its pictures come at uneven times" in caplog.text and words in caplog.text


def test_a_video_of_constant_rate_is_no_warning(members, tmp_path, caplog):
    write_video(tmp_path / "drive.mp4", 5)
    predict_video(Ensemble(members[:1]), tmp_path / "drive.mp4", ResultFolder(tmp_path / "out", MAP))
    assert "uneven" not in caplog.text
