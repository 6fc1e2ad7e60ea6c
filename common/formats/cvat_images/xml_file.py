"""The XML of CVAT for images 1.1, read piece by piece: photographs with their size and shapes.

    <annotations><version>1.1</version>
      <image id="0" name="a.jpg" subset="train" width="8" height="4">
        <polygon label="car" points="1.0,2.0;3.0,2.0;3.0,4.0" z_order="0">
          <attribute name="is_crowd">true</attribute></polygon>
        <box label="bus" xtl="1.0" ytl="1.0" xbr="3.0" ybr="3.0"/>
        <mask label="road" left="0" top="2" width="8" height="2" rle="0, 16"/>

A document type is refused, so that no entity can be defined; so are tracks, which are of the export for videos.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from common.errors import DataError
from common.files.sources import Source

SHAPES = ("polygon", "box", "mask")
_CHUNK_BYTES = 256 * 1024
_DEEPEST = 16
_LONGEST_BYTES = 64 * 1024 * 1024
_LONGEST_TEXT = 1000


@dataclass
class ShapeElement:
    """An element of a shape, and its attribute elements by name."""

    kind: str
    values: dict[str, str]
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class ImageElement:
    """An image with its shapes, in the order of the file."""

    values: dict[str, str]
    shapes: list[ShapeElement] = field(default_factory=list)


class _Handler:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._open: list[str] = []
        self._attribute: str | None = None
        self._text = ""
        self.found: list[ImageElement] = []
        self.image: ImageElement | None = None

    def start(self, tag: str, values: dict[str, str]) -> None:
        if not self._open and tag != "annotations":
            raise DataError(f"{self._source}: is <{tag[:40]}>; expected <annotations>, as CVAT writes it")
        if tag == "track":
            raise DataError(f"{self._source}: has tracks of a video; export it from CVAT as 'CVAT for images 1.1'")
        if len(self._open) >= _DEEPEST:
            raise DataError(f"{self._source}: has elements more than {_DEEPEST} deep")
        self._open.append(tag)
        if tag == "image" and self.image is None:
            self.image = ImageElement(values)
        elif self.image is not None and len(self._open) == 3:
            self.image.shapes.append(ShapeElement(tag, values))
        elif self.image is not None and tag == "attribute" and self.image.shapes:
            self._attribute, self._text = values.get("name", ""), ""

    def text(self, data: str) -> None:
        if self._attribute is not None and len(self._text) < _LONGEST_TEXT:
            self._text += data

    def end(self, tag: str) -> None:
        self._open.pop()
        if self.image is None:
            return
        if tag == "attribute" and self._attribute is not None:
            self.image.shapes[-1].attributes[self._attribute] = self._text.strip()
            self._attribute = None
        elif tag == "image" and len(self._open) == 1:
            self.found.append(self.image)
            self.image = None

    def refuse(self, *_: object) -> None:
        raise DataError(f"{self._source}: has a document type, which may define entities; remove <!DOCTYPE ...>")


def read_images(source: Source) -> Iterator[ImageElement]:
    """Yields the images of a file with their shapes, without ever holding the whole file.

    Raises:
        DataError: If it is missing, not valid XML or another file; names it.
    """
    handler, parser = _Handler(source), expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = handler.refuse
    parser.StartElementHandler, parser.EndElementHandler = handler.start, handler.end
    parser.CharacterDataHandler = handler.text
    quiet = 0
    with source.open() as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            try:
                parser.Parse(chunk, not chunk)
            except (expat.ExpatError, ValueError, LookupError) as error:  # the last two: no such encoding
                raise DataError(f"{source}: is not valid XML: {error}") from error
            yield from handler.found
            quiet = 0 if handler.found or handler.image is None else quiet + len(chunk)
            if quiet > _LONGEST_BYTES:
                raise DataError(f"{source}: one image has more than {_LONGEST_BYTES:,} bytes of shapes")
            handler.found.clear()
            if not chunk:
                return
