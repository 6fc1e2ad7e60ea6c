"""The XML file of a frame in VOC: its size, and a name and a box for each object.

Boxes count pixels from 1 and include their last row and column, as VOC's own: an object in the upper left pixel alone
has the box 1, 1, 1, 1. A crowd is an object with `difficult` 1, which evaluations leave out, and, as Datumaro writes
it, an attribute `is_crowd`. The number of an object among those of its label is an attribute `number`. `truncated` is 1
if the object touches the edge of the picture. Parts, poses and actions are not known here. A file with a document type
is refused, so that no entity can be defined in it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.parsers import expat

from common.errors import DataError
from common.files.numbers import whole_number_in_text
from common.files.sources import Source, read_bytes_of
from common.formats.frames import Segment

LARGEST_XML_BYTES = 4 * 1024 * 1024
_LARGEST_SIDE = 2**20
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LARGEST_NUMBER = 10**9
_SIDES = ("xmin", "ymin", "xmax", "ymax")
# `(x, y, width, height)` in pixels, x and y from 0.
Box = tuple[float, float, float, float]


def boxes_to_xml(filename: str, size_wh: tuple[int, int], objects: Iterable[tuple[Segment, Box]]) -> bytes:
    """Builds the bytes of the file.

    Args:
        filename: Name of the photograph below JPEGImages, with "/" between its parts. Characters that XML cannot hold
            are replaced.
        size_wh: Width and height in pixels.
        objects: Objects and crowds with their boxes; their order is that of the numbers in SegmentationObject.
    """
    root = ElementTree.Element("annotation")
    folder, _, _ = filename.rpartition("/")
    _add(root, folder=folder, filename=filename)
    _add(ElementTree.SubElement(root, "size"), width=size_wh[0], height=size_wh[1], depth=3)
    _add(root, segmented=1)
    for item, (x, y, width, height) in objects:
        element = ElementTree.SubElement(root, "object")
        edge = x == 0 or y == 0 or x + width == size_wh[0] or y + height == size_wh[1]
        _add(
            element, name=item.label, pose="Unspecified", truncated=int(edge), occluded=0, difficult=int(item.is_crowd)
        )
        box = ElementTree.SubElement(element, "bndbox")
        corners = (x + 1, y + 1, x + width, y + height)
        _add(box, **{side: f"{round(value, 2):.10g}" for side, value in zip(_SIDES, corners, strict=True)})
        attributes = ElementTree.SubElement(element, "attributes")
        name, value = ("is_crowd", True) if item.is_crowd else ("number", item.number)
        _add(ElementTree.SubElement(attributes, "attribute"), name=name, value=value)
    ElementTree.indent(root)
    return ElementTree.tostring(root, "utf-8", xml_declaration=True) + b"\n"


def _add(parent: ElementTree.Element, **texts: object) -> None:
    for tag, text in texts.items():
        ElementTree.SubElement(parent, tag).text = NO_XML.sub("\ufffd", str(text))


@dataclass(frozen=True)
class BoxFile:
    """The content of an XML file.

    Attributes:
        size_wh: Width and height of the picture in pixels; None if the file does not give them.
        segments: Objects and crowds in the order of the file.
        boxes: Their boxes, in pixels from the upper left corner; None where there is no box with an area.
    """

    size_wh: tuple[int, int] | None
    segments: list[Segment] = field(hash=False)
    boxes: list[tuple[float, float, float, float] | None] = field(hash=False)


def read_boxes(source: Source) -> BoxFile:
    """Reads an XML file.

    Raises:
        DataError: If it is missing, not valid XML, has a document type, or an object has no name; names the file.
    """
    root = _parse(source)
    if root.tag != "annotation":
        raise DataError(f"{source}: is <{root.tag[:40]}>; expected <annotation>, as in VOC")
    objects, boxes = [], []
    for number, element in enumerate(root.iterfind("object"), 1):
        name = (element.findtext("name") or "").strip()
        if not name:
            raise DataError(f"{source}: object {number} has no name; expected <name> with the name of a label")
        attributes = {
            attribute.findtext("name"): (attribute.findtext("value") or "").lower()
            for attribute in element.iterfind("attributes/attribute")
        }
        number_of_label = whole_number_in_text(attributes.get("number", ""))
        if number_of_label is not None and not 0 <= number_of_label <= _LARGEST_NUMBER:
            number_of_label = None
        objects.append(Segment(name, number_of_label, attributes.get("is_crowd") in ("true", "1")))
        boxes.append(_box(element))
    width, height = (_number(root, f"size/{side}") or 0 for side in ("width", "height"))
    fits = all(1 <= side <= _LARGEST_SIDE for side in (width, height))
    return BoxFile((int(width), int(height)) if fits else None, objects, boxes)


def _box(element: ElementTree.Element) -> tuple[float, float, float, float] | None:
    """Reads the box of an object, whose corners count from 1 and include their pixel."""
    corners = [_number(element, f"bndbox/{side}") for side in _SIDES]
    left, top, right, bottom = (0.0 if corner is None else corner for corner in corners)
    if None in corners or right < left or bottom < top:
        return None
    return left - 1, top - 1, right - left + 1, bottom - top + 1


def _number(element: ElementTree.Element, path: str) -> float | None:
    try:
        value = float(element.findtext(path) or "")
    except ValueError:
        return None
    return value if abs(value) <= _LARGEST_SIDE else None


def _parse(source: Source) -> ElementTree.Element:
    data = read_bytes_of(source, LARGEST_XML_BYTES)

    def refuse(*_: object) -> None:
        raise DataError(f"{source}: has a document type, which may define entities; remove <!DOCTYPE ...> to read it")

    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # the last two for an encoding that does not exist
        raise DataError(f"{source}: is not valid XML: {error}") from error
    return builder.close()
