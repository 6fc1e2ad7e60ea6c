import base64
import zlib

import numpy as np
import pytest

from common.errors import DataError
from common.files.sources import NamedBytes, Source
from common.images import decoding
from common.images.pictures import measure_picture, read_photograph

# 64 x 48 pixels: 16 white rows above red (left) and blue (right), with EXIF orientation 6.
_HEIC = zlib.decompress(base64.b64decode(
    b"eNpjYGCQSSupLMhIzUxmAILczDRDEDs3MzGNgYHxRG5qSSIDBChmpOQUQdkMBZnJJQxowCQzJx9siIsDAxMDI4jF+AZCA8FpoBgQMG2Hi6gAsUVm"
    b"Zl4amAeSFQVyUsHKgGoyypINGZAEGUFKXCsywcr5CjJLchmgKhnZMwuKCoDsZ5kFyflAugyo15mRGSQ0AaxI7gPDn78/fjAw8DMnAHVIODDyMP7/"
    b"D1LADFLBDEJyu5gcEoGSWk6MjGgyCxQaWae9erJs5w6ODAMFoBAziGBQTAIqZ3NhPFh8oBNoiXByfk5RXnJOBVCUl4GtASgkkllckAr1rgMUayTn"
    b"JBZA2aCgMIDS4ED4////B2hgCBRkVmSCBJk5ODiAFGdmUX4J0D0MkpkFubBIYWRgZGtkYmZtaQNypDKLUtOgEnzJKcXJ4GgAmf09NyURFF/HNRjX"
    b"s1k8fn7jZ+T+M7snxWuur3/V1P//z8T41N9qcgeanS7tjd0jvvyD5QoH6cBNrd9Ml+1YVvnK3XDPq/eyk9pCZUT39pZPWfzD5s6MiI6DbvtOanrM"
    b"Y/plJqnhxvmUdVU7Y3Tt8scT/yp9/v9X7red8eMji29Wb4n4LfrxXfhFxtKn5RN1UtuUd1zZlrP4iFPy7rBvLpOjb9/jmy7+z6Hgi21FcqZrdeRK"
    b"j50HeW+Z/bq6z7X+evgS26rXi1cnL1lu9b6z9vn3BdnZXqv2P7QwqAB6hQ2SFHx9GbSAPA4GRkYhUGyBYgQSAgDEE8IP"
))  # fmt: skip


def test_a_heic_photograph_is_read_upright_and_as_large_as_was_said(tmp_path):
    pytest.importorskip("pi_heif", reason="python -m pip install pi-heif")
    image = read_photograph(NamedBytes("IMG.heic", _HEIC))
    # Turned by 90 degrees clockwise: what was white above stands right, red is above, blue below.
    assert image.shape == (64, 48, 3)
    assert np.abs(image[[5, 60, 5], [5, 5, 45]].astype(int) - [[200, 40, 40], [40, 40, 200], [240, 240, 240]]).max() < 4
    (tmp_path / "IMG.jpg").write_bytes(_HEIC)
    assert measure_picture(Source(tmp_path / "IMG.jpg")).size_wh == (48, 64)


@pytest.mark.parametrize("end", [100, 400, 700])
def test_a_heic_photograph_that_is_cut_off_is_named(end):
    pytest.importorskip("pi_heif", reason="python -m pip install pi-heif")
    with pytest.raises(DataError, match=r"^IMG\.heic: "):
        read_photograph(NamedBytes("IMG.heic", _HEIC[:end]))


def test_without_the_package_it_is_named_with_both_ways_out(monkeypatch):
    monkeypatch.setattr(decoding, "can_read_heic", lambda: False)
    with pytest.raises(DataError, match=r"IMG.jpg: is a HEIC picture, .*pip install pi-heif; .*heif-convert"):
        read_photograph(NamedBytes("IMG.jpg", _HEIC))
