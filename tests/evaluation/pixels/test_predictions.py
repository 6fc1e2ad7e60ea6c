import io

import numpy as np
import pytest
from PIL import Image

from common.errors import ConfigError, DataError, LabelError
from common.evaluation.pixels.mask_values import CLASSES, IDS, MaskValues
from common.evaluation.pixels.predictions import PredictionReader, choose_reader
from common.files.sources import Source
from common.images.png import encode_color_mask, encode_image, encode_mask
from common.labels.cityscapes import IGNORE
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map

IDS_CODE = MaskValues(IDS, study_label_map())
VALUES = np.array([[0, 7, 8], [26, 17, 33]], np.uint8)
COLORS = study_label_map().colorize(study_label_map().encode(VALUES))


@pytest.fixture
def file(tmp_path):
    def write(data):
        (tmp_path / "a.png").write_bytes(data)
        return Source(tmp_path / "a.png")

    return write


def palette_png():
    palette = np.full((256, 3), 1, np.uint8)
    palette[VALUES] = COLORS
    picture = Image.new("P", (3, 2))
    picture.frombytes(VALUES.tobytes())
    picture.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def test_masks_are_their_values(file):
    assert (PredictionReader(False, IDS_CODE).read(file(encode_mask(VALUES))) == VALUES).all()


def test_a_palette_is_read_as_values_or_when_asked_for_as_colours(file):
    source = file(palette_png())
    assert (PredictionReader(False, IDS_CODE).read(source) == VALUES).all()
    assert (PredictionReader(True, IDS_CODE).read(source) == VALUES).all()


@pytest.mark.parametrize("with_alpha", [False, True])
def test_colours_with_and_without_alpha_are_ids(with_alpha, file):
    alpha = np.full((2, 3, 1), 255, np.uint8)
    data = encode_color_mask(np.dstack([COLORS, alpha])) if with_alpha else encode_image(COLORS)
    assert (PredictionReader(True, IDS_CODE).read(file(data)) == VALUES).all()


def test_colours_of_a_label_map_are_its_classes_and_black_is_none_of_them(file):
    label_map = load_label_map("cityscapes19")
    reader = PredictionReader(True, MaskValues(CLASSES, label_map))
    # unlabeled, road, sidewalk / car, pole, bicycle
    expected = [[IGNORE, 0, 1], [13, 5, 18]]
    assert reader.read(file(encode_image(COLORS))).tolist() == expected


def test_a_colour_of_no_label_is_refused_with_its_place(file):
    colors = COLORS.copy()
    colors[1, 2] = 1, 2, 3
    with pytest.raises(LabelError, match=r"a\.png: the colour \(1, 2, 3\) at x 2, y 1"):
        PredictionReader(True, IDS_CODE).read(file(encode_image(colors)))


@pytest.mark.parametrize("data", [b"", b"no picture", palette_png()[:-30], encode_mask(VALUES)[:-20]])
def test_broken_files_are_named(data, file):
    with pytest.raises(DataError, match=r"a\.png"):
        PredictionReader(False, IDS_CODE).read(file(data))


def test_auto_looks_for_colours_and_takes_classes_only_if_somebody_spoke_of_classes(file):
    classes = MaskValues(CLASSES, study_label_map())
    mask, color = encode_mask(VALUES), encode_image(COLORS)
    assert choose_reader("auto", IDS_CODE, None, file(mask)) == PredictionReader(False, IDS_CODE)
    assert choose_reader("auto", IDS_CODE, None, file(color)) == PredictionReader(True, IDS_CODE)
    assert choose_reader("auto", classes, None, file(mask)) == PredictionReader(False, classes)
    assert choose_reader("auto", IDS_CODE, study_label_map(), file(mask)) == PredictionReader(False, classes)
    with pytest.raises(ConfigError, match="no encoding 'trainIds'; there are auto, ids"):
        choose_reader("trainIds", IDS_CODE, None, file(mask))
