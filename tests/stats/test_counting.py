import json
from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest

from common.dataset.original.layouts import find_frames
from common.demo import DemoSettings, draw_demo_dataset
from common.errors import ConfigError
from common.files.listing import list_files_of
from common.files.sources import Source
from common.formats import cityscapes
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.labels.cityscapes import LABEL_OF_NAME
from common.labels.tables import CITYSCAPES
from common.stats.counting import DatasetCounts, SplitCounts, count_dataset
from common.stats.picture import draw_counts, short_number
from common.stats.table import describe_counts
from tests.support.difficult import difficult_pixels, segments_of


def counts_of(*annotations, **options):
    frames = tuple(AnnotatedFrame(f"f{n}", "train", truth=annotation) for n, annotation in enumerate(annotations))
    return count_dataset(FrameDataset(CITYSCAPES, frames), **options)


def photograph(path, pixels):
    cv2.imencode(path.suffix, pixels[..., ::-1])[1].tofile(path)
    return Source(path)


def test_pixels_and_objects_are_those_counted_by_hand():
    # 48x32 pixels. Car 0: 6x8 = 48. Car 1: 3x4 + 3x4 + 1 = 25. Car 999: 5x6 = 30. A group of cars: 4x10 = 40.
    # Person 0: 7x8 - 3x3 + 1 = 48. Traffic sign: 3. Sky: 10x48 - 3. Ego vehicle: 2x48. Void below: 2x48.
    # Road has the other pixels of rows 10 to 27: 18x48 - (48 + 25 + 30 + 40 + 48).
    pixels = difficult_pixels()
    counts = counts_of(Annotation(pixels, segments_of(pixels, 24001))).splits["train"]
    assert counts.pixels == {
        "car": 143,
        "person": 48,
        "traffic sign": 3,
        "sky": 477,
        "ego vehicle": 96,
        "unlabeled": 96,
        "road": 673,
    }
    assert counts.pixels.total() == 48 * 32
    assert counts.instances == {("car", "small"): 3, ("person", "small"): 1}
    assert counts.crowds == {"car": 1}
    assert (counts.without_pixels, counts.most_instances, counts.instances_a_frame) == (1, 4, 4.0)


@pytest.mark.parametrize(
    ("area", "size"), [(1, "small"), (1023, "small"), (1024, "medium"), (9215, "medium"), (9216, "large")]
)
def test_the_bounds_of_sizes_are_those_of_coco(area, size):
    pixels = np.zeros((100, 100), np.int32)
    pixels.ravel()[:area] = 2**22  # a key beyond any table
    counts = counts_of(Annotation(pixels, {2**22: Segment("car", 0)}))
    assert counts.splits["train"].instances == {("car", size): 1}
    assert counts.splits["train"].pixels == Counter({"car": area, "unlabeled": 10_000 - area})


def test_frames_images_and_ground_truth_are_counted_apart(difficult):
    counts = count_dataset(difficult)
    found = {name: (split.frames, split.images, split.annotated) for name, split in counts.splits.items()}
    assert found == {"train": (3, 2, 3), "val": (3, 3, 2)}
    assert counts.total.frames == 6
    assert counts.splits["val"].most_instances == 4
    assert counts.splits["val"].instances_a_frame == 2.0  # 4 objects in one frame, none in the other


def test_mean_and_deviation_are_those_of_all_pixels(tmp_path):
    # Red 0, 0, 255 and 255 of four pixels in the first, 51 of two in the second: mean 612 / 6 = 102.
    # Variance: (2 * 102^2 + 2 * 153^2 + 2 * 51^2) / 6 = (20808 + 46818 + 5202) / 6 = 12138.
    first, second = np.zeros((2, 2, 3), np.uint8), np.full((1, 2, 3), (51, 7, 7), np.uint8)
    first[:, :] = (0, 7, 7)
    first[1] = (255, 7, 7)
    images = [photograph(tmp_path / "a.png", first), photograph(tmp_path / "b.bmp", second)]
    frames = tuple(AnnotatedFrame(f"f{n}", image=image) for n, image in enumerate(images))
    counts = count_dataset(FrameDataset(CITYSCAPES, frames)).splits[""]
    assert counts.mean == (102, 7, 7)
    assert counts.deviation == (pytest.approx(12138**0.5, abs=1e-12), 0, 0)


def test_a_counts_of_drawn_frames_is_that_of_their_decoded_files(tmp_path):
    draw_demo_dataset(tmp_path / "demo", DemoSettings(train=3, val=1, size_wh=(96, 64), seed=3))
    dataset = cityscapes.read(list_files_of(tmp_path / "demo"))
    counts = count_dataset(dataset, workers=1)
    assert count_dataset(dataset, workers=2).to_json() == counts.to_json()
    assert count_dataset(replace(dataset, frames=dataset.frames[::-1])).to_json() == counts.to_json()
    ids, values, colors = [], [], []
    for frame in find_frames(tmp_path / "demo"):
        ids.append(cv2.imread(str(frame.files["labelIds"].path), cv2.IMREAD_UNCHANGED))
        values.append(np.unique(cv2.imread(str(frame.files["instanceIds"].path), cv2.IMREAD_UNCHANGED)))
        colors.append(cv2.imread(str(frame.image.path))[..., ::-1].reshape(-1, 3))
    for name, label in LABEL_OF_NAME.items():
        assert counts.total.pixels[name] == np.sum(np.array(ids) == label.id)
        objects = sum(np.sum(found // 1000 == label.id) for found in values if label.id > 0)
        assert counts.total.instances_of(name)[0] == objects
    np.testing.assert_allclose(counts.total.mean, np.concatenate(colors).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(counts.total.deviation, np.concatenate(colors).std(axis=0), rtol=1e-12)


def test_a_broken_file_is_named_and_the_rest_is_counted(difficult, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    frames = list(difficult.frames)
    frames[0] = AnnotatedFrame("x", "train", image=Source(tmp_path / "broken.png"), truth=frames[0].truth)
    counts = count_dataset(replace(difficult, frames=frames))
    assert "broken.png" in counts.problems[0]
    assert (counts.splits["train"].images, counts.splits["train"].annotated) == (1, 3)


def test_only_the_splits_asked_for_are_counted(difficult):
    assert list(count_dataset(difficult, splits=("val",)).splits) == ["val"]
    with pytest.raises(ConfigError, match=r"no split 'dev'; found: train, val"):
        count_dataset(difficult, splits=("dev",))


def test_the_json_has_everything(difficult):
    content = json.loads(json.dumps(count_dataset(difficult).to_json()))
    train = content["splits"]["train"]
    assert (train["frames"], train["with_image"], train["instances"], train["crowds"]) == (3, 2, 12, 3)
    assert train["labels"]["car"] == {
        "pixels": 3 * 143,
        "share": 143 / (48 * 32),
        "instances": 9,
        "small": 9,
        "medium": 0,
        "large": 0,
        "crowds": 3,
    }
    assert train["mean_0_to_1"] == [value / 255 for value in train["mean"]]
    assert content["all"]["frames"] == 6


def test_the_table_says_the_bounds_and_what_is_not_there(difficult):
    text = "\n".join(describe_counts(count_dataset(difficult)))
    assert "small below 1,024, medium below 9,216" in text
    assert "2 objects without a visible pixel" in text
    assert "labels without a pixel: rectification border" in text


def test_the_picture_has_a_bar_in_the_colour_of_each_label(difficult):
    picture = draw_counts(count_dataset(difficult))
    colors, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    found = {tuple(map(int, color)): int(count) for color, count in zip(colors, counts, strict=True)}
    for name in ("road", "sky", "car", "traffic sign"):
        assert found[LABEL_OF_NAME[name].color] > 200, name
    # Road has more pixels than the sign, so its bar is longer.
    assert found[LABEL_OF_NAME["road"].color] > 2 * found[LABEL_OF_NAME["traffic sign"].color]


def test_nothing_is_drawn_over_the_edge_of_the_picture():
    """Long names, large numbers and a single bar fit; nothing of the ink touches an edge."""
    long = Segment("traffic light")
    pixels = Counter({"traffic light": 10**10, long.label * 5: 3})
    objects = Counter({("car", "large"): 123_456_789, ("car", "small"): 999_999})
    for split in (
        SplitCounts(pixels=pixels),
        SplitCounts(pixels=pixels, instances=objects),
        SplitCounts(pixels=Counter({"road": 1})),
        SplitCounts(),
    ):
        picture = draw_counts(DatasetCounts(CITYSCAPES, {"train": split}))
        edges = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
        assert all((edge == 255).all() for edge in edges)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (999, "999"), (1000, "1k"), (12_345, "12.3k"), (999_600, "1M"), (3 * 10**9, "3G")]
)
def test_numbers_are_shortened_to_three_digits(value, text):
    assert short_number(value) == text
