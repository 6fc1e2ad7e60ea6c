"""HEIC, the photographs of many phones: read where the package pi-heif is installed (extra `heic`).

It is libheif with a decoder and nothing else, as a plugin of Pillow. It is not installed with the project, because only
predictions of one's own photographs need it.
"""

import importlib.util
from functools import cache

HEIC_ENDINGS = (".heic", ".heif", ".hif")
# How Pillow calls the kind; its pictures come upright.
HEIC_KIND = "HEIF"


@cache
def can_read_heic() -> bool:
    """Tells whether pi-heif is installed, without loading it."""
    return importlib.util.find_spec("pi_heif") is not None


@cache
def let_pillow_read_heic() -> None:
    """Adds the kind `HEIC_KIND` to Pillow, in this process."""
    import pi_heif

    pi_heif.register_heif_opener(thumbnails=False)
