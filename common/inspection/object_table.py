"""The objects of frames as lines of text, for terminals without pictures."""

from collections.abc import Iterable, Iterator

from common.inspection.contact_sheet import describe_frame
from common.inspection.lettering import LONGEST_TEXT
from common.inspection.loading import LoadedFrame
from common.text import aligned_table, one_line

_HEAD = ("label", "number", "area", "share", "left", "top", "width", "height")


def object_lines(frames: Iterable[LoadedFrame]) -> list[str]:
    """Lists the objects, groups and areas of frames as lines of text.

    Areas and boxes are in pixels of the source; a box is around exactly the visible pixels.
    """
    lines = []
    for frame in frames:
        facts = describe_frame(frame)
        lines += ["", one_line(frame.name, LONGEST_TEXT) + (f": {facts}" if facts else "")]
        lines += [f"  cannot be read: {one_line(problem, LONGEST_TEXT)}" for problem in frame.problems]
        lines += [f"  {one_line(remark, LONGEST_TEXT)}" for remark in frame.remarks]
        if frame.regions:
            lines += [f"  {line}" for line in aligned_table([_HEAD, *_rows(frame)])]
    return lines[1:]


def _rows(frame: LoadedFrame) -> Iterator[tuple[str, ...]]:
    width, height = frame.size_wh or (1, 1)
    place = {name: index for index, name in enumerate(frame.names)}
    for region in sorted(frame.regions, key=lambda one: (place[one.label], one.kind != "object", -one.area)):
        number = {"object": str(region.number), "group": "group", "area": "-"}[region.kind]
        share = f"{100 * region.area / (width * height):.2f} %"
        yield one_line(region.label, LONGEST_TEXT), number, f"{region.area:,}", share, *map(str, region.box)
