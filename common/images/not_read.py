"""Pictures and videos that people have among their photographs and that are not read as photographs.

Phones and cameras write HEIC, AVIF and raw files too, and videos beside them. They are not read: Pillow decodes raw
files on no system, AVIF on some, HEIC with another package (`heic`); a GIF may be a film. So they are counted and
named, with the way out.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath
from typing import NamedTuple

from common.images.heic import HEIC_ENDINGS
from common.text import count, first_few

VIDEO_ENDINGS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv")
_VIDEO = "video"
# What to do with videos among the photographs of a dataset.
OF_VIDEOS = "take pictures of videos with: ffmpeg -i IN.mp4 -vf fps=1 %06d.png"


class _OtherKind(NamedTuple):
    """Pictures that are not read: how one is called, endings of names, and how to convert one."""

    noun: str
    endings: tuple[str, ...]
    way_out: str


_HEIC = "to predict HEIC, first: python -m pip install pi-heif; to convert it: heif-convert IN.heic OUT.jpg"
_EXPORT = "export them as JPEG with the program that shows them"
_OTHERS = (
    _OtherKind("HEIC picture", HEIC_ENDINGS, _HEIC),
    _OtherKind("AVIF picture", (".avif",), "convert AVIF with: avifdec IN.avif OUT.png"),
    _OtherKind("GIF", (".gif",), "save the picture that is wanted of a GIF as PNG"),
    _OtherKind("JPEG XL picture", (".jxl",), "convert JPEG XL with: djxl IN.jxl OUT.png"),
    _OtherKind("JPEG 2000 picture", (".jp2", ".j2k"), f"JPEG 2000: {_EXPORT}"),
    _OtherKind(
        "raw picture", (".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"), f"raw pictures: {_EXPORT}"
    ),
)
# The kinds inside of files with this start, whatever they are called: phones and programs name HEIC files .jpg.
_BRANDS = {b"heic": 0, b"heix": 0, b"hevc": 0, b"heim": 0, b"heis": 0, b"mif1": 0, b"msf1": 0, b"avif": 1, b"avis": 1}


def is_video_name(name: str) -> bool:
    """Tells by the ending whether a name is that of a video."""
    return name.lower().endswith(VIDEO_ENDINGS)


def describe_others(names: Iterable[str], of_videos: str) -> str:
    """Counts and names pictures and videos that are passed over, in one sentence with the way out; "" for none.

    Args:
        names: Of any files; all others are ignored.
        of_videos: What to do with videos, for example "give each video as INPUT".
    """
    found: Counter[str] = Counter()
    first: dict[str, str] = {}
    for name in names:
        if kind := _kind_of(name):
            found[kind] += 1
            first.setdefault(kind, PurePath(name).name)
    if not found:
        return ""
    ways = {each.noun: each.way_out for each in _OTHERS} | {_VIDEO: of_videos}
    parts = [f"{count(found[kind], kind)} (for example {first_few([first[kind]])})" for kind in ways if found[kind]]
    return f"{', '.join(parts)} passed over; {'; '.join(way for kind, way in ways.items() if found[kind])}"


def describe_other(name: str) -> str:
    """Says that one file is a picture that is not read, and the way out; "" if its name is that of no such picture."""
    return next((_not_read(each) for each in _OTHERS if name.lower().endswith(each.endings)), "")


def describe_content(start: bytes) -> str:
    """Says what `describe_other` says, from the first bytes of a file."""
    brand = start[8:12] if start[4:8] == b"ftyp" else b""
    return _not_read(_OTHERS[_BRANDS[brand]]) if brand in _BRANDS else ""


def is_heic(start: bytes) -> bool:
    """Tells from the first bytes of a file whether it is a HEIC picture."""
    return start[4:8] == b"ftyp" and _BRANDS.get(start[8:12]) == 0


def _not_read(kind: _OtherKind) -> str:
    article = "an" if kind.noun.startswith("A") else "a"
    return f"is {article} {kind.noun}, which is not read here; {kind.way_out}"


def _kind_of(name: str) -> str:
    if is_video_name(name):
        return _VIDEO
    return next((each.noun for each in _OTHERS if name.lower().endswith(each.endings)), "")
