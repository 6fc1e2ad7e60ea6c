import shutil

from common.images import png
from common.report import folders as folders_module
from common.report.folders import read_folders
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


def test_training_folders_come_first_then_val_and_test_then_others_by_name(tmp_path):
    order = ("train_full", "train_labeled", "train_labeled_aug", "train_unlabeled", "val_test", "val", "test")
    for name in ("also", *sorted(order), "zoo"):
        write_split(tmp_path, name, FRAMES[:1])
    assert tuple(read_folders(tmp_path)) == (*order, "also", "zoo")
