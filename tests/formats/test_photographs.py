"""Photographs of datasets of every format: turned as EXIF says, and with endings in upper case."""

import zipfile

import numpy as np
import pytest

from common.dataset.checking.check import check_data
from common.errors import DataError
from common.files.sources import Source
from common.formats.conversion import convert, read, write
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.formats.registry import FORMATS
from common.images.pictures import IMAGE_ENDINGS, measure_picture, read_photograph
from common.inspection.loading import LoadOptions, load_frame
from common.labels.tables import CITYSCAPES
from tests.support.photographs import encoded, stored_for

UPRIGHT = np.kron(np.arange(12).reshape(3, 4, 1) * [20, 5, 9], np.ones((16, 16, 1))).astype(np.uint8)
NAME = "ulm_000000_000019"


def dataset_of(image, shape=(48, 64)):
    pixels = np.zeros(shape, np.uint16)
    pixels[5:20, 10:40] = 26000
    frame = AnnotatedFrame(NAME, "train", "ulm", Source(image), Annotation(pixels, {26000: Segment("car", 0)}))
    return FrameDataset(CITYSCAPES, (frame,))


@pytest.fixture
def turned(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(stored_for(UPRIGHT, 6), "JPEG", 6))
    return path


def unpacked(path):
    """Gives the folder of a dataset; unpacks the one format that is a zip."""
    if path.is_dir():
        return path
    with zipfile.ZipFile(path) as archive:
        archive.extractall(path.with_suffix(""))
    return path.with_suffix("")


def photograph_in(folder):
    (found,) = (path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_ENDINGS and NAME in path.name
        and not any(part in str(path) for part in ("gtFine", "annot/", "Segmentation", "masks/")))  # fmt: skip
    return found


@pytest.mark.parametrize("format", FORMATS)
def test_a_photograph_is_written_upright_and_one_that_exif_turns_is_read_like_it(format, turned, tmp_path):
    out = tmp_path / f"out{FORMATS[format].FILE_ENDING}"
    tally = write(dataset_of(turned), out, format, workers=1)
    assert tally.written["images turned upright, as their EXIF says"] == tally.written["images"] == 1
    folder = unpacked(out)
    photo = photograph_in(folder)
    assert measure_picture(Source(photo)) == ((64, 48), (64, 48), 1)
    assert np.abs(read_photograph(Source(photo)).astype(int) - UPRIGHT).mean() < 3
    photo.write_bytes(turned.read_bytes())  # as a camera writes it
    dataset = read(folder, format)
    (frame,) = dataset
    assert frame.annotation().size_wh == (64, 48)
    loaded = load_frame(LoadOptions(dataset.labels), frame)
    assert loaded.problems == () and loaded.photo.shape == (48, 64, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_only_photographs_that_exif_turns_are_encoded_again(kind, orientation, tmp_path):
    path = tmp_path / f"photo.{kind.lower()}"
    path.write_bytes(encoded(stored_for(UPRIGHT, orientation), kind, orientation))
    for images in ("copy", "link"):
        write(dataset_of(path), tmp_path / images, "cityscapes", images=images, workers=1)
        written = photograph_in(tmp_path / images)
        assert (written.read_bytes() == path.read_bytes()) == (orientation == 1)
        assert measure_picture(Source(written)).orientation == 1
        assert np.abs(read_photograph(Source(written)).astype(int) - UPRIGHT).mean() < 3
    report = check_data(tmp_path / "copy", workers=1)
    assert report.problems == ()


def test_ground_truth_of_the_stored_pixels_is_refused_with_the_orientation_and_the_way_out(turned, tmp_path):
    dataset = dataset_of(turned, shape=(64, 48))
    with pytest.raises(DataError, match=r"photo\.jpg: has 64 x 48 .* EXIF orientation 6 .* exiftool -Orientation="):
        write(dataset, tmp_path / "out", "coco", workers=1)
    (problem,) = load_frame(LoadOptions(CITYSCAPES), dataset.frames[0]).problems
    assert "EXIF orientation 6" in problem
    with pytest.raises(DataError, match="get the right files or take the frame out$"):
        write(dataset_of(turned, shape=(60, 48)), tmp_path / "out", "coco", workers=1)


def test_a_square_photograph_is_taken_upright(tmp_path):
    path, square = tmp_path / "photo.png", UPRIGHT[:, :48]
    path.write_bytes(encoded(stored_for(square, 8), "PNG", 8))
    write(dataset_of(path, shape=(48, 48)), tmp_path / "out", "cityscapes", workers=1)
    assert np.array_equal(read_photograph(Source(photograph_in(tmp_path / "out"))), square)


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("format", FORMATS)
def test_endings_in_upper_case_are_read_like_those_in_lower_case(format, packed, tmp_path):
    image = tmp_path / "photo.png"
    image.write_bytes(encoded(UPRIGHT, "PNG"))
    out = tmp_path / f"out{FORMATS[format].FILE_ENDING}"
    write(dataset_of(image), out, format, workers=1)
    folder = unpacked(out)
    for path in [path for path in folder.rglob("*.*") if path.is_file()]:
        path.rename(path.with_suffix(path.suffix.upper()))
    if packed:
        with zipfile.ZipFile(tmp_path / "upper.zip", "w") as archive:
            for path in folder.rglob("*.*"):
                archive.write(path, path.relative_to(folder))
        folder = tmp_path / "upper.zip"
    dataset = read(folder)
    assert dataset.format == format and not [
        note for note in dataset.notes if "not there" in note or "left out" in note
    ]
    (frame,) = dataset
    assert (frame.split, frame.image is None) == ("train", False)
    assert frame.annotation().paint(lambda segment: 1 if segment.label == "car" else 0, 0, np.uint8).sum() == 15 * 30
    convert(folder, tmp_path / "back", "cityscapes", workers=1)
    assert photograph_in(tmp_path / "back").suffix == ".png"
