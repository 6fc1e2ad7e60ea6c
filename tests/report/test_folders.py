import shutil

from common.images import png
from common.report import folders as folders_module
from common.report.study import write_report
from tests.support.made_up_results import FRAMES, write_split


def test_masks_are_counted_once_and_again_when_they_change(study, monkeypatch):
    write_report(study)
    reads = []
    monkeypatch.setattr(folders_module, "read_mask", lambda path: reads.append(path) or png.read_mask(path))
    write_report(study)
    assert not reads
    shutil.rmtree(study / "val")
    write_split(study, "val", FRAMES[:3])
    write_report(study)
    assert len(reads) == 3
