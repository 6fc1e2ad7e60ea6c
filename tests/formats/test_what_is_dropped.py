"""What every writer loses, in the same words, and what every writer refuses."""

from collections import Counter

import numpy as np
import pytest

from common.errors import LabelError
from common.formats import camvid, cvat, voc, yolo
from common.formats.coco import instances as coco
from common.formats.coco import panoptic as coco_panoptic
from common.formats.format import WriteOptions
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.formats.writing import HIDDEN, HIDDEN_REGIONS, NOT_COUNTED
from common.labels.tables import CITYSCAPES


@pytest.mark.parametrize("module", [coco, coco_panoptic, voc, camvid, yolo, cvat])
def test_a_label_that_is_not_in_the_table_is_refused_by_name(module, tmp_path):
    frame = AnnotatedFrame("a", truth=Annotation(np.ones((2, 2), np.uint16), {1: Segment("cow", 0)}))
    with pytest.raises(LabelError, match="a: has the label 'cow', which is not in the dataset's table"):
        module.write(FrameDataset(CITYSCAPES, [frame]), tmp_path / "new", WriteOptions())


@pytest.mark.parametrize("module", [coco, coco_panoptic, voc, camvid, yolo, cvat])
def test_all_formats_count_the_same_losses_in_the_same_words(module, tmp_path):
    segments = {1: Segment("road", 4), 2: Segment("person", 0), 3: Segment("sky"), 4: Segment("car", None, True)}
    truth = Annotation(np.ones((2, 2), np.uint16), segments, dropped=Counter({"said when it was read": 2}))
    dataset = FrameDataset(CITYSCAPES, [AnnotatedFrame("a", truth=truth)])
    tally = module.write(dataset, tmp_path / "new", WriteOptions())
    assert {
        reason: tally.dropped[reason] for reason in ("said when it was read", NOT_COUNTED, HIDDEN, HIDDEN_REGIONS)
    } == {
        "said when it was read": 2,
        "numbers of objects of labels that are not counted": 1,
        "objects without a visible pixel": 1,
        "regions without a visible pixel": 2,
    }
