"""What a writer loses of any annotation, in the same words for all formats, and which labels it refuses.

Every writer fits an annotation to the dataset's table before it writes, and adds the result's `lost` to its tally once.
What only one format loses, that format counts.
"""

from collections import Counter
from dataclasses import replace

from common.errors import LabelError

HIDDEN = "objects without a visible pixel"
HIDDEN_REGIONS = "regions without a visible pixel"
NOT_COUNTED = "numbers of objects of labels that are not counted"
OUTLINES = "outlines (the pixels are kept)"


def lost_of(annotation, visible):
    """Counts what no format but Cityscapes holds of an annotation: `Counter` for `Tally.lost`.

    Args:
        annotation: `Annotation`; what it lost when it was read is in the result.
        visible: The keys that have a pixel.
    """
    hidden = [segment for key, segment in annotation.segments.items() if key not in visible]
    return annotation.lost + Counter(
        {
            HIDDEN: sum(segment.number is not None for segment in hidden),
            HIDDEN_REGIONS: sum(segment.number is None for segment in hidden),
            OUTLINES: len(annotation.outlines.polygons) if annotation.outlines else 0,
        }
    )


def fit_to_table(annotation, table, visible, where):
    """Leaves what any format can write: visible segments, called as in the table, with a number if it is counted.

    Args:
        annotation: `Annotation`.
        table: `LabelTable` of the dataset.
        visible: The keys that have a pixel.
        where: Name of the frame, for errors.

    Returns:
        An `Annotation` without outlines; its `lost` says all that was left out.

    Raises:
        LabelError: If the label of a segment is not in the table; names the frame and the label.
    """
    segments, lost = {}, lost_of(annotation, visible)
    for key, segment in annotation.segments.items():
        label = table.find(segment.label)
        if label is None:
            raise LabelError(
                f"{where}: has the label {segment.label!r}, which is not in the dataset's table; add it to the table, "
                "or rename it"
            )
        if key not in visible:
            continue
        number = segment.number if label.has_instances else None
        lost[NOT_COUNTED] += number != segment.number
        segments[key] = replace(segment, label=label.name, number=number)
    return replace(annotation, segments=segments, outlines=None, lost=+lost)
