"""The objects of frames as lines of text, for terminals without pictures."""

from common.inspection.contact_sheet import describe_frame
from common.inspection.lettering import plain_text

_HEAD = ("label", "number", "area", "share", "left", "top", "width", "height")


def object_lines(frames):
    """Lists the objects, groups and areas of frames.

    Args:
        frames: `LoadedFrame`s.

    Returns:
        Lines of text. Areas and boxes are in pixels of the source, the box around exactly the pixels that can be seen.
    """
    lines = []
    for frame in frames:
        facts = describe_frame(frame)
        lines += ["", plain_text(frame.name) + (f": {facts}" if facts else "")]
        lines += [f"  cannot be read: {plain_text(problem)}" for problem in frame.problems]
        lines += [f"  {plain_text(remark)}" for remark in frame.remarks]
        lines += _table(frame) if frame.regions else []
    return lines[1:]


def _table(frame):
    pixels = frame.size_wh[0] * frame.size_wh[1]
    rows = [_HEAD]
    for region in sorted(
        frame.regions, key=lambda one: (frame.names.index(one.label), one.kind != "object", -one.area)
    ):
        number = str(region.number) if region.kind == "object" else "group" if region.kind == "group" else "-"
        share = f"{100 * region.area / pixels:.2f} %"
        rows.append((plain_text(region.label), number, f"{region.area:,}", share, *map(str, region.box)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *values in rows:
        numbers = "  ".join(value.rjust(width) for value, width in zip(values, widths[1:], strict=True))
        yield f"  {name.ljust(widths[0])}  {numbers}"
