import io
import struct

import h5py
import numpy as np
import pytest

from common.learning.network.saved.weights_file import read_arrays
from tests.support.model_files import hdf5

PLAIN = {"layers/conv/vars/0": np.arange(6, dtype=np.float32).reshape(1, 2, 3), "vars/0": np.float32(7)}


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_arrays_come_back_as_the_hdf5_library_wrote_them(dtype):
    arrays = {name: values.astype(dtype) for name, values in PLAIN.items()}
    found = read_arrays(hdf5(arrays))
    assert found.keys() == arrays.keys()
    for name, values in found.items():
        assert (values.dtype, values.shape) == (arrays[name].dtype, arrays[name].shape)
        np.testing.assert_array_equal(values, arrays[name])


def test_groups_with_many_objects_are_read_whole():
    # More than one node of a table of names holds.
    assert len(read_arrays(hdf5({f"layers/conv_{n}/vars/0": np.zeros(1) for n in range(300)}))) == 300


def virtual(file):
    layout = h5py.VirtualLayout((1,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "a", (1,))
    file.create_virtual_dataset("a", layout)


def circle(file):
    file["group/a"] = np.zeros(1)
    file["group/again"] = file["group"]


@pytest.mark.parametrize(
    "write",
    [
        lambda file: file.create_dataset("a", data=np.zeros(1000), compression="gzip"),
        lambda file: file.create_dataset("a", (10**9,), "f4"),
        lambda file: file.create_dataset("a", (10**9,), "f4", chunks=(1000,)),
        lambda file: file.create_dataset("a", (3,), "f4", external=[("/etc/hostname", 0, 12)]),
        lambda file: file.__setitem__("a", h5py.ExternalLink("/etc/hostname", "/")),
        lambda file: file.__setitem__("a", h5py.SoftLink("/b")),
        lambda file: file.__setitem__("a", h5py.Empty("f4")),
        lambda file: file.create_dataset("a", data="text"),
        lambda file: file.create_dataset("a", data=np.zeros(2, [("x", "f4")])),
        lambda file: file.create_dataset("a", data=np.zeros(2, ">f4")),
        lambda file: file.create_group("a", track_order=True),
        virtual,
        circle,
    ],
)
def test_what_keras_does_not_write_is_refused(write):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file)
    with pytest.raises(ValueError, match=r"packed|links|neither|plain numbers|circle|Keras|expected"):
        read_arrays(buffer.getvalue())


def test_newer_kinds_of_files_are_refused():
    with pytest.raises(ValueError, match="is not an HDF5 file of the kind that Keras writes"):
        read_arrays(hdf5(PLAIN, libver="latest"))


def test_any_damage_is_a_value_error_or_leaves_arrays_that_fit_in_the_file():
    data, rng = hdf5(PLAIN), np.random.default_rng(0)
    places = [0, 96, 2**63, 2**64 - 1, len(data)]
    for _ in range(3000):
        damaged = bytearray(data)
        place = int(rng.integers(len(data)))
        if rng.random() < 0.5:
            damaged[place] = rng.integers(256)
        else:
            damaged[place : place + 8] = struct.pack("<Q", places[rng.integers(len(places))])
        try:
            found = read_arrays(bytes(damaged))
        except ValueError:
            continue
        assert sum(values.nbytes for values in found.values()) <= len(damaged)


def test_a_cut_off_file_is_refused():
    data = hdf5(PLAIN)
    for length in range(0, len(data) // 2, 50):
        with pytest.raises(ValueError, match=r"Keras|damaged|inside the file|cut off"):
            read_arrays(data[:length])
