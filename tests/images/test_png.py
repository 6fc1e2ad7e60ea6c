import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.errors import DataError
from common.files.sources import Source
from common.images import png

GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


@pytest.fixture(params=["kornia-rs", "OpenCV"], autouse=True)
def decoder(request, monkeypatch):
    if request.param == "OpenCV":
        monkeypatch.setattr(png, "_decode_rust", None)
        monkeypatch.setattr(png, "_decode_rust_16", None)
    elif png._decode_rust is None:
        pytest.skip("kornia-rs is not installed")
    return request.param


def draw(shape, seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return cv2.GaussianBlur(noise, (5, 5), 0)


def build(chunks):
    parts = (struct.pack(">I", len(body)) + kind + body + checksum(kind + body) for kind, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def checksum(data):
    return struct.pack(">I", zlib.crc32(data))


def header(width, height, depth=8, color_type=RGB, interlace=0):
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, interlace)


def rows(pixels):
    return b"".join(b"\0" + row.tobytes() for row in pixels)


def file_of(pixels, *extra):
    color_type = RGB if pixels.ndim == 3 else GRAY
    first = header(pixels.shape[1], pixels.shape[0], 8, color_type)
    return build([first, *extra, (b"IDAT", zlib.compress(rows(pixels))), (b"IEND", b"")])


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 5, 3), (64, 128, 3), (33, 1025, 3)])
def test_an_image_has_the_pixels_of_opencv_in_the_order_red_green_blue(tmp_path, shape):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), draw(shape))
    image = png.read_image(path)
    assert image.dtype == np.uint8 and image.flags.c_contiguous
    assert np.array_equal(image, cv2.imread(str(path))[..., ::-1])


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (64, 128)])
def test_a_mask_has_the_pixels_of_opencv(tmp_path, shape):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), draw(shape) % 34)
    mask = png.read_mask(path)
    assert mask.dtype == np.uint8 and np.array_equal(mask, cv2.imread(str(path), cv2.IMREAD_UNCHANGED))


@pytest.mark.parametrize("level", [0, 1, 9])
def test_every_level_of_compression_gives_the_same_pixels(level):
    for pixels, read in ((draw((40, 60, 3)), png.read_image), (draw((40, 60)), png.read_mask)):
        data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, level])[1].tobytes()
        assert np.array_equal(read(data), pixels[..., ::-1] if pixels.ndim == 3 else pixels)


@pytest.mark.parametrize("number", range(5))
def test_every_filter_gives_the_pixels_of_opencv(number):
    noise = np.random.default_rng(number).integers(0, 256, (9, 13, 3), np.uint8)
    filtered = b"".join(bytes([number]) + row.tobytes() for row in noise)
    data = build([header(13, 9), (b"IDAT", zlib.compress(filtered)), (b"IEND", b"")])
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.array_equal(png.read_image(data), expected)
    assert np.array_equal(expected, noise) == (number == 0)


def test_interlaced_files_give_the_same_pixels():
    image = draw((9, 13, 3))
    steps = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    passes = b"".join(rows(image[top::down, left::right]) for top, left, down, right in steps)
    chunks = [header(13, 9, interlace=1), (b"IDAT", zlib.compress(passes)), (b"IEND", b"")]
    assert np.array_equal(png.read_image(build(chunks)), image)


@pytest.mark.parametrize(
    "extra",
    [
        (b"gAMA", struct.pack(">I", 20000)),
        (b"sBIT", b"\5\5\5"),
        (b"tRNS", b"\0\1\0\2\0\3"),
        (b"eXIf", b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"),
        (b"tEXt", b"Comment\0x"),
        (b"pHYs", struct.pack(">IIB", 1, 2, 0)),
    ],
)
def test_what_a_file_says_beside_its_pixels_does_not_change_them(extra):
    image = draw((7, 5, 3))
    assert np.array_equal(png.read_image(file_of(image, extra)), image)


@pytest.mark.parametrize("read", [Path, Source, lambda path: path.read_bytes()])
def test_paths_sources_and_bytes_are_read_alike(tmp_path, read):
    image = draw((4, 6, 3))
    (tmp_path / "a.png").write_bytes(png.encode_image(image))
    assert np.array_equal(png.read_image(read(tmp_path / "a.png")), image)


def test_encoded_pixels_come_back_and_masks_have_one_channel():
    image, mask = draw((32, 48, 3)), draw((32, 48)) % 35
    assert np.array_equal(png.read_image(png.encode_image(image)), image)
    data = png.encode_mask(mask)
    assert np.array_equal(png.read_mask(data), mask)
    assert data[24:26] == bytes((8, GRAY))


def test_a_file_that_is_cut_off_anywhere_is_refused():
    for data, read in ((file_of(draw((6, 4, 3))), png.read_image), (file_of(draw((6, 4))), png.read_mask)):
        for length in range(len(data)):
            with pytest.raises(DataError, match="cut off|not a PNG|empty"):
                read(data[:length])


def test_one_wrong_bit_anywhere_is_refused():
    data = file_of(draw((6, 4, 3)))
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 0x10
        with pytest.raises(DataError, match="damaged|cut off|not a PNG"):
            png.read_image(bytes(damaged))


def test_a_half_written_picture_with_right_checksums_is_refused():
    image = draw((16, 16, 3))
    for content in (rows(image)[:-1], rows(image)[:100], b"", b"\x09" + rows(image)[1:]):
        chunks = [header(16, 16), (b"IDAT", zlib.compress(content)), (b"IEND", b"")]
        with pytest.raises(DataError, match="the picture inside is damaged or incomplete"):
            png.read_image(build(chunks))


def test_a_file_without_a_picture_or_header_is_refused():
    with pytest.raises(DataError, match="the picture inside is damaged"):
        png.read_image(build([header(4, 4), (b"IEND", b"")]))
    with pytest.raises(DataError, match="damaged .*header"):
        png.read_image(build([(b"IEND", b"")]))


def test_data_after_the_end_are_ignored():
    image = draw((4, 4, 3))
    assert np.array_equal(png.read_image(file_of(image) + b"more"), image)


@pytest.mark.parametrize(
    ("depth", "color_type", "found"),
    [
        (16, RGB, "16-bit RGB"),
        (16, GRAY, "16-bit gray"),
        (8, GRAY_ALPHA, "8-bit gray with alpha"),
        (8, RGB_ALPHA, "8-bit RGB with alpha"),
        (1, GRAY, "1-bit gray"),
        (8, 5, "8-bit of an unknown kind"),
    ],
)
def test_other_kinds_of_png_are_refused_by_name(depth, color_type, found):
    data = build([header(4, 4, depth, color_type), (b"IEND", b"")])
    with pytest.raises(DataError, match=f"is a PNG with {found}, expected 8-bit RGB"):
        png.read_image(data)
    with pytest.raises(DataError, match=f"is a PNG with {found}, expected 8-bit gray"):
        png.read_mask(data)


def test_a_mask_is_no_image_and_an_image_no_mask():
    image = draw((4, 4, 3))
    with pytest.raises(DataError, match="with 8-bit gray, expected 8-bit RGB"):
        png.read_image(file_of(image[..., 0]))
    with pytest.raises(DataError, match="with 8-bit RGB, expected 8-bit gray"):
        png.read_mask(file_of(image))


@pytest.mark.parametrize("size", [(100_000, 100_000), (2**31 - 1, 2**31 - 1), (0, 4), (4, 0)])
def test_a_picture_beyond_all_measure_is_not_decoded(size):
    data = build([header(*size), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")])
    with pytest.raises(DataError, match=f"has {size[0]} x {size[1]} pixels, .* 67,108,864"):
        png.read_image(data)


def test_the_message_names_the_file(tmp_path):
    path = tmp_path / "frame.png"
    with pytest.raises(DataError, match="frame.png: cannot be read: No such file"):
        png.read_image(path)
    for data, text in ((b"", "is empty"), (b"\xff\xd8\xff\xe0JFIF", "is not a PNG, it starts with")):
        path.write_bytes(data)
        with pytest.raises(DataError, match=f"frame.png: {text}"):
            png.read_mask(path)
    path.write_bytes(png.encode_image(draw((64, 64, 3)))[:-20])
    with pytest.raises(DataError, match=r"frame.png: is cut off after [\d,]+ bytes; get the file again"):
        png.read_image(Source(path))


def test_no_damage_prints_to_the_terminal(capfd):
    data = file_of(draw((6, 4, 3)))
    for broken in (data[:50], data[:60] + b"x" + data[61:]):
        with pytest.raises(DataError):
            png.read_image(broken)
    assert capfd.readouterr() == ("", "")


def test_a_random_hostile_file_gives_pixels_or_a_data_error():
    data, rng = file_of(draw((8, 8, 3))), np.random.default_rng(1)
    for _ in range(500):
        changed = np.frombuffer(data, np.uint8).copy()
        changed[rng.integers(8, len(data), 3)] = rng.integers(0, 256, 3)
        try:
            assert png.read_image(with_right_checksums(changed.tobytes())).dtype == np.uint8
        except DataError:
            continue


def with_right_checksums(data):
    data, position = bytearray(data), 8
    while position + 12 <= len(data):
        end = position + 8 + struct.unpack_from(">I", data, position)[0]
        data[end : end + 4] = checksum(data[position + 4 : end]) if end + 4 <= len(data) else data[end : end + 4]
        position = end + 4
    return bytes(data)


def test_only_8_bit_arrays_of_the_right_shape_are_encoded():
    with pytest.raises(ValueError, match=r"an image must be uint8 \(height, width, 3\), not uint8 \(4, 4\)"):
        png.encode_image(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="a mask must be uint8"):
        png.encode_mask(np.zeros((4, 4), np.uint16))


def test_a_transparent_value_does_not_change_a_mask():
    mask = draw((7, 5))
    assert np.array_equal(png.read_mask(file_of(mask, (b"tRNS", b"\0\7"))), mask)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_the_values_of_a_palette_are_the_mask_and_its_colours_the_coloured_mask(depth):
    values = (np.arange(5 * 16).reshape(5, 16) % 2**depth).astype(np.uint8)
    palette = np.random.default_rng(0).integers(0, 256, (2**depth, 3), np.uint8)
    bits = np.unpackbits(values[..., None], axis=2)[..., 8 - depth :].reshape(5, -1)
    chunks = [(b"PLTE", palette.tobytes()), (b"IDAT", zlib.compress(rows(np.packbits(bits, axis=1)))), (b"IEND", b"")]
    data = build([header(16, 5, depth, PALETTE), *chunks])
    assert np.array_equal(png.read_mask(data), values) and png.read_mask(data).dtype == np.uint8
    assert np.array_equal(png.read_color_mask(data), palette[values])
    with pytest.raises(DataError, match="palette, expected 16-bit gray"):
        png.read_instance_mask(data)


def draw_instances(shape=(24, 40)):
    return np.random.default_rng(2).choice(np.array([0, 7, 255, 256, 24000, 33999, 65535], np.uint16), shape)


def test_instance_ids_come_back_with_16_bits():
    values = draw_instances()
    data = png.encode_instance_mask(values)
    found = png.read_instance_mask(data)
    assert data[24:26] == bytes((16, GRAY)) and found.dtype == np.uint16
    assert np.array_equal(found, values)
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), values)


@pytest.mark.parametrize("extra", [(b"gAMA", struct.pack(">I", 20000)), (b"tRNS", b"\x5d\xc0"), (b"sBIT", b"\x0c")])
def test_what_a_file_says_beside_instance_ids_does_not_change_them(extra):
    values = draw_instances()
    first = header(values.shape[1], values.shape[0], 16, GRAY)
    body = zlib.compress(rows(values.astype(">u2")))
    assert np.array_equal(png.read_instance_mask(build([first, extra, (b"IDAT", body), (b"IEND", b"")])), values)


def test_instance_ids_of_8_bits_are_refused_and_it_is_said_why():
    expected = r"with 8-bit gray, expected 16-bit gray; .* a file with 8 has lost all ids above 255"
    with pytest.raises(DataError, match=expected):
        png.read_instance_mask(png.encode_mask(draw((4, 4))))
    with pytest.raises(DataError, match="with 16-bit gray, expected 8-bit gray or a palette$"):
        png.read_mask(png.encode_instance_mask(draw_instances()))
    with pytest.raises(DataError, match="with 8-bit RGB, expected 16-bit gray$"):
        png.read_instance_mask(png.encode_image(draw((4, 4, 3))))


def test_coloured_masks_come_back_and_their_files_are_rgba():
    rgba = np.dstack([draw((24, 40, 3)), np.full((24, 40), 255, np.uint8)])
    data = png.encode_color_mask(rgba)
    assert data[24:26] == bytes((8, RGB_ALPHA))
    assert np.array_equal(png.read_color_mask(data), rgba[..., :3])
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]], rgba)


def test_coloured_masks_without_alpha_are_read_and_transparency_changes_no_colour():
    image = draw((9, 7, 3))
    assert np.array_equal(png.read_color_mask(file_of(image)), image)
    clear = np.dstack([image, np.zeros((9, 7), np.uint8)])
    assert np.array_equal(png.read_color_mask(png.encode_color_mask(clear)), image)
    with pytest.raises(DataError, match="with 8-bit gray, expected 8-bit RGB or 8-bit RGB with alpha or a palette"):
        png.read_color_mask(png.encode_mask(draw((4, 4))))


def test_16_bits_and_alpha_that_are_cut_off_or_damaged_are_refused():
    rgba = np.dstack([draw((6, 4, 3)), draw((6, 4))])
    for data, read in (
        (png.encode_instance_mask(draw_instances((6, 4))), png.read_instance_mask),
        (png.encode_color_mask(rgba), png.read_color_mask),
    ):
        for position in range(8, len(data)):
            damaged = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
            for broken in (data[:position], damaged):
                with pytest.raises(DataError, match="cut off|damaged"):
                    read(broken)


def test_other_arrays_are_no_instance_mask_and_no_coloured_mask():
    with pytest.raises(ValueError, match=r"an instance mask must be uint16 \(height, width\), not uint8 \(4, 4\)"):
        png.encode_instance_mask(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match=r"a coloured mask must be uint8 \(height, width, 4\), not uint8 \(4, 4, 3\)"):
        png.encode_color_mask(np.zeros((4, 4, 3), np.uint8))
