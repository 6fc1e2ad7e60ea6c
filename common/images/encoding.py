"""Encodes photographs as files of any kind."""

import cv2
import numpy as np
from numpy.typing import NDArray

from common.errors import DataError

_JPEG_QUALITY = 95


def encode_photograph(pixels: NDArray[np.uint8], ending: str, where: str) -> bytes:
    """Encodes red, green, blue, shape `(height, width, 3)`; JPEG loses a little.

    Args:
        pixels: The photograph.
        ending: Of the file in lower case, for example ".png".
        where: What messages call the photograph.

    Raises:
        DataError: If OpenCV has no encoder for the ending or fails; names the photograph.
    """
    settings = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if ending in (".jpg", ".jpeg") else []
    try:
        done, data = cv2.imencode(ending, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), settings)
    except cv2.error:
        done = False
    if not done:
        raise DataError(f"{where}: OpenCV could not encode it as {ending}; choose another --image-ext")
    return data.tobytes()
