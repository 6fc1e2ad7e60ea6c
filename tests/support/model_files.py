"""Model files with changes: of members of the zip, of the network in it, of its weights."""

import io
import json
import zipfile

import h5py

from common.learning.network.saved.weights_file import read_arrays


def members_of(path):
    """The bytes of all members by name."""
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def rewrite(path, changes):
    """Writes the zip again with some members changed; None leaves one out."""
    members = members_of(path) | changes
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(name, data)


def config_of(path):
    """The network of a file."""
    return json.loads(members_of(path)["config.json"])


def arrays_of(path):
    """The weights of a file by their place in it."""
    return read_arrays(members_of(path)["model.weights.h5"])


def hdf5(arrays, **options):
    """The bytes of an HDF5 file of some arrays, written by the HDF5 library."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        for name, values in arrays.items():
            file[name] = values
    return buffer.getvalue()
