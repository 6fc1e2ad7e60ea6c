"""What every writer drops, counted in the same words, and what every writer refuses."""

from collections import Counter

import numpy as np
import pytest

from common.errors import LabelError
from common.formats.format import WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.formats.registry import FORMATS
from common.formats.writing import HIDDEN, HIDDEN_REGIONS, NOT_COUNTED
from common.labels.tables import CITYSCAPES

# Cityscapes' own tree holds more than all others.
OTHERS = [format for name, format in FORMATS.items() if name != "cityscapes"]


@pytest.mark.parametrize("format", OTHERS)
def test_a_label_that_is_not_in_the_table_is_refused_by_name(format, tmp_path):
    frame = AnnotatedFrame("a", truth=Annotation(np.ones((2, 2), np.uint16), {1: Segment("cow", 0)}))
    with pytest.raises(LabelError, match="a: has the label 'cow', which is not in the dataset's table"):
        format.write(FrameDataset(CITYSCAPES, [frame]), tmp_path / "new", WriteOptions())


@pytest.mark.parametrize("format", OTHERS)
def test_all_formats_count_what_they_drop_in_the_same_words(format, tmp_path):
    segments = {1: Segment("road", 4), 2: Segment("person", 0), 3: Segment("sky"), 4: Segment("car", None, True)}
    truth = Annotation(np.ones((2, 2), np.uint16), segments, dropped=Counter({"said when it was read": 2}))
    dataset = FrameDataset(CITYSCAPES, [AnnotatedFrame("a", truth=truth)])
    tally = format.write(dataset, tmp_path / "new", WriteOptions())
    assert {
        reason: tally.dropped[reason] for reason in ("said when it was read", NOT_COUNTED, HIDDEN, HIDDEN_REGIONS)
    } == {
        "said when it was read": 2,
        "numbers of objects of labels that are not counted": 1,
        "objects without a visible pixel": 1,
        "regions without a visible pixel": 2,
    }
