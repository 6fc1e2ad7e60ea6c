import json
import re
import shutil

import numpy as np
import pytest

from common.errors import DataError
from common.evaluation.metrics.metric import ClassAreas
from common.report.study import collect_report, write_report
from common.results.areas import ImageAreas
from common.results.reading import read_result
from tests.support.made_up_results import FRAMES, split_scores, write_result

HOSTILE = '</script><script>window.hacked=1</script>"><img src=x onerror=alert(1)>`|*[a](http://b)'


def table(report, title):
    blocks = [block for section in report.sections for block in section.blocks]
    tables = [getattr(block, "table", block) for block in blocks]
    return next(found for found in tables if found is not None and found.title == title)


def texts(base_dir, **options):
    files = write_report(base_dir, **options)
    return files.html.read_text(encoding="utf-8"), files.markdown.read_text(encoding="utf-8")


def test_the_first_sentence_names_the_best_approach_and_its_score(study):
    report = collect_report(study)
    # (0.5 + 0.7) / 2; every frame has the same score, so the interval has no width.
    assert report.summary[0] == (
        "subset_aug has the highest mIoU on test by both metrics: 0.600 [0.600, 0.600] by the paper metric and 0.625 "
        "by the official definition (mean of 2 models, in brackets 95 % intervals over frames)."
    )
    # 0.6 - 0.3
    assert report.summary[2].startswith("subset_aug scores 0.300 [0.300, 0.300] more than subset by the paper metric, ")


def test_approaches_whose_models_overlap_are_not_called_settled(study):
    assert "overlap" not in collect_report(study).summary[2]
    # 0.6 of subset lies above 0.5 of subset_aug; means 0.4 and 0.6
    write_result(study, ("subset", 1, 2), dict.fromkeys(FRAMES, 0.6))
    assert collect_report(study).summary[2] == (
        "subset_aug scores 0.200 [0.200, 0.200] more than subset by the paper metric, and as much by the official "
        "definition: by the paper metric other frames of this kind would very likely rank these models the same way; "
        "single models overlap, so other trainings might rank them differently."
    )


def test_it_is_said_where_the_official_metric_ranks_another_approach_first(study):
    assert collect_report(study).summary[-1].endswith("rank the approaches in the same order.")
    write_result(study, ("subset", 1, 0), split_scores(dict.fromkeys(FRAMES, 0.2), official_mIoU=0.8))
    said = collect_report(study).summary
    # (0.8 + 0.625) / 2 = 0.7125; 60 / 80 and 20 / 40 for all other models
    assert said[0].startswith(
        "The metrics disagree about the best approach on test: by the paper metric subset_aug with "
    )
    assert "; by the official definition subset with 0.713 (mean of 2 models" in said[0]
    # 0.7125 - 0.625 = 0.0875
    assert "more than subset by the paper metric, but 0.088 less by the official definition" in said[2]
    assert said[-1] == (
        "The official definition ranks 1 of 1 pair the other way round than the paper metric: subset_aug and subset."
    )


def with_areas(road):
    """Scores whose frames hold these pixels of road, intersection and union, and nothing else."""
    areas = {
        name: ClassAreas(("road",), np.array([hit]), np.array([union]))
        for name, (hit, union) in zip(FRAMES, road, strict=True)
    }
    total = sum(hit for hit, _ in road) / sum(union for _, union in road)
    packed = ImageAreas.pack("official_mIoU", areas)
    return split_scores(dict.fromkeys(FRAMES, 0.5), official_mIoU=total, areas=packed)


def test_metrics_that_contradict_each_other_are_not_given_as_one_order(study):
    for index in (0, 1):
        # By areas subset has 0.9 on every frame, subset_aug 0.3; by the paper metric 0.3 and 0.6
        write_result(study, ("subset", 1, index), with_areas([(9, 10)] * 4))
        write_result(study, ("subset_aug", 1, index), with_areas([(3, 10)] * 4))
        for name, score in (("subset", 0.3), ("subset_aug", 0.6)):
            path = study / "models" / f"CITYSCAPES_{name}_1_{index}.json"
            result = json.loads(path.read_text(encoding="utf-8"))
            for scores in result["scores"].values():
                scores |= {"mIoU": score, "images": dict.fromkeys(FRAMES, [score, 0.8])}
            path.write_text(json.dumps(result), encoding="utf-8")
    said = collect_report(study).summary
    assert said[2] == (
        "subset_aug scores 0.300 [0.300, 0.300] more than subset by the paper metric, but 0.600 [0.600, 0.600] less by "
        "the official definition: the metrics contradict each other, so say by which one you compare."
    )


def test_the_official_score_has_an_interval_over_frames(study):
    # Of a frame 1 or 4 of 4 pixels, two frames each: 10 / 16 in all; every draw lies between 1 / 4 and 1.
    write_result(study, ("full_dataset", 1, 0), with_areas([(1, 4), (1, 4), (4, 4), (4, 4)]))
    rows = {row[0]: row[1] for row in table(collect_report(study), "mIoU, official definition, 19 classes").rows}
    low, high = map(float, re.fullmatch(r"0\.625 \[(.+), (.+)\]", rows["full_dataset"]).groups())
    assert 0.25 <= low < 0.45
    assert 0.8 < high <= 1
    assert rows["subset"] == "0.625 ± 0.000"


def test_unequal_steps_are_said_beside_the_scores(study):
    for index in (0, 1):
        training = {"num_epochs": 2, "num_steps": 6000}
        write_result(study, ("subset_modern", 1, index), dict.fromkeys(FRAMES, 0.7), training=training)
        write_result(study, ("subset", 1, index), dict.fromkeys(FRAMES, 0.3), training=training | {"num_steps": 60})
    report = collect_report(study)
    assert [row[2] for row in table(report, "mIoU, paper metric").rows] == ["60", "–", "6,000"]
    (results,) = [section for section in report.sections if section.anchor == "results"]
    assert "6,000 steps" in results.blocks[0].pictures[0]
    assert "more steps alone raise scores" in results.blocks[0].note


def test_scores_stand_in_tables_of_their_own_by_metric(study):
    report = collect_report(study)
    # deviation of 0.2 and 0.4: sqrt(2 * 0.1 ** 2 / 1) = 0.141
    assert table(report, "mIoU, paper metric").rows[0][:2] == ("subset", "0.300 ± 0.141 [0.300, 0.300]")
    # road 60 / 80 = 0.75, sky 20 / 40 = 0.5
    assert table(report, "mIoU, official definition, 19 classes").rows[0][1] == "0.625 ± 0.000"
    assert table(report, "Differences on test, paper metric").rows == (
        ("subset_aug − subset", "+0.300", "[0.300, 0.300]", "yes"),
    )


def test_classes_are_listed_best_first_with_their_iou(study):
    report = collect_report(study)
    rows = table(report, "IoU of each class on test, official definition").rows
    assert rows == (("road", "0.750 ± 0.000", "0.750 ± 0.000"), ("sky", "0.500 ± 0.000", "0.500 ± 0.000"))


def test_where_the_official_score_is_not_defined_there_are_pooled_bars_only(tmp_path):
    scores = split_scores({"a": 0.5}, official_mIoU=None, official_IoU=None)
    write_result(tmp_path, ("subset", 1, 0), scores)
    report = collect_report(tmp_path)
    titles = [block.title for section in report.sections for block in section.blocks]
    assert "IoU of each class on test, all pixels pooled" in titles
    assert not [title for title in titles if "official" in title]


def test_a_confusion_matrix_says_what_share_of_a_class_is_taken_for_what(study):
    report = collect_report(study)
    found = table(report, "subset: CITYSCAPES_subset_1_1 on test")
    # 60 and 20 of 80 pixels of road; all of sky
    assert found.rows == (("road", "75.0", "25.0"), ("sky", "", "100.0"))


def test_curves_stand_against_epochs_and_against_steps_where_these_are_known(study):
    for index in (0, 1):
        history = [
            {"epoch": epoch, "steps": 30, "loss": 1.0, "loss_val": 2.0 - epoch, "learning_rate": 0.1, "mIoU_val": 0.5,
             "official_mIoU_val": 0.25}
            for epoch in (0, 1)
        ]  # fmt: skip
        write_result(study, ("subset", 1, index), dict.fromkeys(FRAMES, 0.2), history=history)
    (section,) = [section for section in collect_report(study).sections if section.anchor == "curves"]
    assert section.views == ("epochs", "steps")
    assert [figure.metric for figure in section.blocks] == ["mIoU", "official_mIoU", "", "", ""]
    losses = section.blocks[3]
    assert losses.views == (1, 1, 2, 2)
    assert "subset, step 60: 1.000" in losses.pictures[2]
    assert losses.table.rows == (("1", "2.000", "–"), ("2", "1.000", "–"))


def test_durations_and_versions_are_those_of_the_results(study):
    report = collect_report(study)
    # two trainings of 60 + 30 s
    assert table(report, "Durations").rows[0] == ("subset", "–", "3.0 s", "2", "60 s", "30 s", "3 min", "500 MB")
    # 6,000 steps in 2 epochs with 2 images a step: 6,000 images in 3 s
    write_result(study, ("subset", 1, 0), dict.fromkeys(FRAMES, 0.2), training={"num_epochs": 2, "num_steps": 6000})
    assert table(collect_report(study), "Durations").rows[0][1] == "2,000.0"
    assert ("backend", "tensorflow 2.21") in table(report, "Versions").rows


def test_class_shares_are_those_of_the_masks(study):
    report = collect_report(study)
    # half of every mask is road, half is sky
    assert table(report, "Share of the pixels by class").rows == (
        ("road", "50.0 %", "50.0 %"),
        ("sky", "50.0 %", "50.0 %"),
    )


def test_a_report_may_go_elsewhere_where_counts_cannot_be_kept(study, tmp_path_factory):
    (study / "report").write_text("a file where the folder of the counts belongs", encoding="utf-8")
    page = tmp_path_factory.mktemp("elsewhere") / "page.html"
    write_report(study, page)
    assert "Report of" in page.read_text(encoding="utf-8")
    assert (study / "report").is_file()


def test_a_text_of_the_user_is_not_replaced_by_the_twin(study):
    (study / "README.md").write_text("# My notes", encoding="utf-8")
    with pytest.raises(DataError, match=r"README.md: .*is not a report"):
        write_report(study, study / "README.html")
    assert (study / "README.md").read_text(encoding="utf-8") == "# My notes"
    assert not (study / "README.html").exists()


def test_a_folder_without_a_study_is_one_clear_error(tmp_path):
    with pytest.raises(DataError, match="holds nothing of a study"):
        write_report(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        write_report(tmp_path / "gone")


def test_original_data_alone_gives_a_page_that_says_what_to_do(tmp_path):
    (tmp_path / "original_data").mkdir()
    html, markdown = texts(tmp_path)
    for text in (html, markdown):
        assert "No model has been trained yet." in text
        assert "Step 00 prepares them." in text


def test_prepared_folders_alone_give_counts_and_shares(prepared, tmp_path):
    base_dir = shutil.copytree(prepared, tmp_path / "base")
    report = collect_report(base_dir)
    counts = {row[0]: row[2] for row in table(report, "Prepared folders").rows}
    assert counts == {
        "train_full": "20", "val_test": "8", "train_labeled": "2", "train_unlabeled": "18", "val": "4", "test": "4",
    }  # fmt: skip
    assert table(report, "Share of the pixels by class").columns[1:] == (
        "train_labeled",
        "train_unlabeled",
        "val",
        "test",
    )
    assert not any(section.gallery for section in report.sections)


def test_recipes_may_differ_in_choices_of_the_training_and_those_stand_side_by_side(study):
    training = {"num_epochs": 24, "scale": (0.5, 2.0)}
    for index in (0, 1):
        name = "subset_modern", 1, index
        write_result(study, name, dict.fromkeys(FRAMES, 0.4), training=training, job={"recipe": "modern"})
    report = collect_report(study)
    assert not [line for line in report.warnings if "differ in" in line]
    (section,) = [section for section in report.sections if section.anchor == "settings"]
    tables = {block.title: block for block in section.blocks}
    rows = {row[0]: row[1:] for row in tables["Settings that differ"].rows}
    place = tables["Settings that differ"].columns.index("subset_modern") - 1
    assert (rows["recipe"][place], rows["num_epochs"][place], rows["scale"][place]) == ("modern", "24", "0.5, 2.0")
    assert set(rows) == {"recipe", "num_epochs", "scale"}
    assert "alpha" in {row[0] for row in tables["Settings that all share"].rows}


def test_hostile_names_stay_text(study):
    for index in (0, 1):
        path = study / "models" / f"CITYSCAPES_subset_aug_1_{index}.json"
        result = json.loads(path.read_text(encoding="utf-8"))
        names = [HOSTILE, *(f"class {number}" for number in range(1, 35))]
        result["job"]["label_map"] = {"names": names, "colors": [[0, 0, 0]] * 35, "class_of_id": [0, *range(2, 35)]}
        result["versions"] = {HOSTILE: HOSTILE}
        for scores in result["scores"].values():
            scores["class_IoU"] = {HOSTILE: 0.5}
            scores["images"] = {**scores["images"], HOSTILE: [0.1, 0.1], "../../../etc/passwd": [0.0, 0.0]}
        path.write_text(json.dumps(result), encoding="utf-8")
    html, markdown = texts(study)
    assert "<script>window.hacked" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;window.hacked" in html
    assert not re.search(r"(?<!\\)<", markdown)
    assert not re.search(r"(?<!\\)\[a(?<!\\)\]", markdown)
    assert len({line.count(" | ") for line in markdown.splitlines() if "window.hacked" in line and "| " in line}) <= 3


def test_the_same_study_gives_the_same_bytes_apart_from_the_date(study):
    first, second = texts(study), texts(study)
    for one, other in zip(first, second, strict=True):
        different = [line for line in zip(one.splitlines(), other.splitlines(), strict=True) if line[0] != line[1]]
        assert all("Written on" in line[0] for line in different)
    assert all("Written on" in text for text in first)


def test_a_metric_without_a_score_on_the_split_of_the_report_is_not_offered(study):
    only_void = np.zeros((35, 35), np.int64)
    only_void[0, 0] = 100
    on_test = split_scores(dict.fromkeys(FRAMES, 0.5), only_void)
    for path in (study / "models").glob("*.json"):
        result = read_result(path)
        result.model_copy(update={"scores": result.scores | {"test": on_test}}).write(path)
    # What is left is the paper metric and all pixels pooled, where void has a score.
    report = collect_report(study)
    assert [key for key, _ in report.metrics] == ["mIoU", "pooled_mIoU"]
    assert "1.000 by the score of all pixels pooled (mean of 2 models" in report.summary[0]
