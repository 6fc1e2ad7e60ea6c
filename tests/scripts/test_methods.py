"""Steps 05 to 14 from end to end: every script, with the fewest models, killed and started again.

The scripts and what they start run in this process with toy networks; `test_study.py` shows that processes do the same.
"""

import csv
import json
import re
import shutil

import pytest

from common.dataset.checking.prepared_folders import check_prepared
from common.dataset.prepared.stages import read_manifest
from common.demo import DemoSettings, draw_demo_dataset
from common.images.png import read_mask
from common.learning.experiments import processes
from common.results.generations import find_chains
from common.results.reading import read_results
from tests.support.in_process import run_step_here

# 64x64, because an EvalNet halves its input six times.
FEWEST = {
    "RESIZE_FACTOR": 1, "IMAGE_WIDTH": 64, "IMAGE_HEIGHT": 64, "NUM_EPOCHS": 1, "BATCH_SIZE": 10,
    "MODELS_PER_RUN": 2, "TOP_Ks": 2, "NUM_EPOCHS_EVALNET": 1, "NUM_EPOCHS_CS": 1, "BATCH_SIZE_EVALNET": 8,
    "ALPHA_EVALNET": 0.25, "NUM_LOOPS_TRAIN": 1, "NUM_LOOPS_VAL": 1, "TEACHERS": 2, "VIEWS": 2,
    "NUM_GENERATIONS": 2, "MODELS_PER_GENERATION": 2, "SAVE_PREDICTIONS": "none",
}  # fmt: skip
OF_IM = "e0_d0_bi_True_bo_True"
# Step, approach, the parts of generation 0 and 1.
METHODS = (
    ("06", "model_ensemble", "n2_gen{}"),
    ("07", "input_ensemble", "n2_gen{}"),
    ("08", "noisy_student", "gen{}"),
    ("09", "IM", f"n2_gen{{}}_{OF_IM}"),
    ("10", "segnet", "n2_gen{}"),
    ("11", "IM_plus", f"n2_gen{{}}_{OF_IM}"),
    ("12", "IM_plus_plus", f"n2_gen{{}}_{OF_IM}"),
    ("13", "aug_IM_plus", f"n2_gen{{}}_{OF_IM}"),
    ("14", "aug_IM_plus_plus", f"n2_gen{{}}_{OF_IM}"),
)


def run(step, base_dir, *arguments, **changes):
    # No label is good enough for the thresholds of the study after one epoch.
    return run_step_here(
        step, base_dir, *arguments, **{**FEWEST, "MIN_THRESHOLD": "auto", "MAX_THRESHOLD": "auto", **changes}
    )


@pytest.fixture(scope="module")
def baselines(tmp_path_factory):
    """A BASE_DIR after steps 00, 01, 03 and 04."""
    folder = tmp_path_factory.mktemp("methods") / "base"
    draw_demo_dataset(folder / "original_data", DemoSettings(train=20, val=8, size_wh=(64, 64), seed=1))
    for step in ("00", "01", "03", "04"):
        run(step, folder)
    return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory, baselines):
    """A BASE_DIR after all methods, and what they said."""
    folder = tmp_path_factory.mktemp("study") / "base"
    shutil.copytree(baselines, folder, symlinks=True)
    return folder, {step: run(step, folder) for step in ("05", *(step for step, *_ in METHODS))}


def scores(base_dir, series):
    """What a user compares: the CSV, the order of the best, and the scores in the result files."""
    models = base_dir / "models"
    table = (base_dir / "csv" / f"results_{series}.csv").read_text(encoding="utf-8")
    best = sorted(models.glob(f"{series}_topK_*.keras"))
    ranked = [next(one.name for one in models.glob(f"{series}_[0-9].keras") if one.samefile(link)) for link in best]
    results = [json.loads((models / f"{series}_{index}.json").read_text(encoding="utf-8")) for index in range(2)]
    return table, ranked, [result["scores"] for result in results]


@pytest.mark.parametrize(("step", "approach", "part"), METHODS)
def test_a_method_leaves_what_the_study_leaves(study, step, approach, part):
    base_dir, said = study
    for generation in range(2):
        series = f"CITYSCAPES_{approach}_1_{part.format(generation)}"
        models = {path.name for path in (base_dir / "models").glob(f"{series}_*")}
        ends = ("0.keras", "0.json", "1.keras", "1.json", "topK_1.keras", "topK_2.keras")
        assert models == {f"{series}_{end}" for end in ends}
        with (base_dir / "csv" / f"results_{series}.csv").open(encoding="utf-8") as file:
            assert [row["modelname"] for row in csv.DictReader(file, delimiter=";")] == [
                f"{series}_{i}" for i in range(2)
            ]
        manifest = read_manifest(base_dir / "train_unlabeled_predictions" / approach / series)
        assert manifest.written_by == f"step {step}"
        assert manifest.facts["frames_in_all"] == 18
        assert (base_dir / "csv" / f"mean_im_size_{series}.csv").exists() == ("IM" in approach)
    assert "generation 1" in said[step].stdout
    assert not list((base_dir / "models" / "in_progress").iterdir())


def test_teachers_are_the_best_of_the_generation_before(study):
    base_dir, _ = study
    folder = base_dir / "train_unlabeled_predictions" / "IM"
    first, second = (read_manifest(folder / f"CITYSCAPES_IM_1_n2_gen{number}_{OF_IM}") for number in range(2))
    assert [one["path"] for one in first.settings["teachers"]] == [
        f"models/CITYSCAPES_subset_1_topK_{place}.keras" for place in (1, 2)
    ]
    assert [one["path"] for one in second.settings["teachers"]] == [
        f"models/CITYSCAPES_IM_1_n2_gen0_{OF_IM}_topK_{place}.keras" for place in (1, 2)
    ]


def test_networks_grow_where_the_method_says_so(study):
    base_dir, _ = study

    def widths(series):
        results = [base_dir / "models" / f"CITYSCAPES_{series.format(number)}_0.json" for number in range(2)]
        return [json.loads(path.read_text(encoding="utf-8"))["job"]["network"]["alpha"] for path in results]

    assert widths("noisy_student_1_gen{}") == [0.25, 0.3125]
    assert widths(f"IM_1_n2_gen{{}}_{OF_IM}") == [0.25, 0.25]


def test_the_table_of_mask_sizes_is_the_study_s(study):
    base_dir, _ = study
    series = f"CITYSCAPES_IM_1_n2_gen0_{OF_IM}"
    header, row = (base_dir / "csv" / f"mean_im_size_{series}.csv").read_text(encoding="utf-8").splitlines()
    assert header == "val_mean_im_size;test_mean_im_size;unlabeled_mean_im_size"
    masks = (base_dir / "train_unlabeled_predictions" / "IM" / series / "im").iterdir()
    sizes = [(read_mask(path) > 0).sum() for path in masks]
    assert float(row.split(";")[2]) == round(sum(sizes) / len(sizes))
    assert re.fullmatch(r"\d+\.0;\d+\.0;\d+\.0", row)


def test_every_frame_has_one_to_five_copies_and_the_report_counts_them(study):
    base_dir, _ = study
    folder = base_dir / "train_unlabeled_predictions" / "IM_plus_plus" / f"CITYSCAPES_IM_plus_plus_1_n2_gen0_{OF_IM}"
    copies = json.loads((folder / "copies.json").read_text(encoding="utf-8"))
    assert len(copies) == 18
    assert set(copies.values()) <= {1, 2, 3, 4, 5}
    counts = read_manifest(folder).facts["copies"]
    assert {int(number): count for number, count in counts.items()} == {
        number: list(copies.values()).count(number) for number in set(copies.values())
    }


def test_step_10_never_drops_a_frame_it_kept(study):
    base_dir, _ = study
    folder = base_dir / "train_unlabeled_predictions" / "segnet"
    kept = [
        {path.name for path in (folder / f"CITYSCAPES_segnet_1_n2_gen{number}" / "masks").iterdir()}
        for number in range(2)
    ]
    assert 0 < len(kept[0]) < 18  # auto keeps what is above the median
    assert kept[0] <= kept[1]


def test_the_report_shows_generations_and_labels(study):
    base_dir, _ = study
    text = (base_dir / "report" / "report.md").read_text(encoding="utf-8")
    assert "IM n2" in text
    assert "aug_IM_plus_plus n2" in text
    assert "Pseudo-labels" in text
    page = (base_dir / "report" / "report.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 10_000_000


def test_a_method_that_is_done_changes_nothing(study):
    base_dir, _ = study
    before = {path: path.stat().st_mtime_ns for path in base_dir.rglob("*.keras")}
    for step, *_ in METHODS:
        assert "0 to do" in run(step, base_dir).stdout
    run("05", base_dir)
    assert {path: path.stat().st_mtime_ns for path in base_dir.rglob("*.keras")} == before


@pytest.mark.parametrize(
    ("step", "approach", "part"), [method for method in METHODS if method[0] in ("09", "10", "12")]
)
def test_stopped_before_any_process_and_started_again_a_method_gives_the_same(
    tmp_path, baselines, study, monkeypatch, step, approach, part
):
    base_dir = tmp_path / "base"
    shutil.copytree(baselines, base_dir, symlinks=True)
    start, stops = processes._start, 0

    def stop_once_each(work, *arguments):
        marker = base_dir / f"{work.name.replace(' ', '_')}.stopped"
        if not marker.exists():
            marker.write_text("")
            raise KeyboardInterrupt
        return start(work, *arguments)

    monkeypatch.setattr(processes, "_start", stop_once_each)
    while stops < 30:
        status = run(step, base_dir, expect=None).returncode
        if status == 0:
            break
        assert status == 130
        stops += 1
    assert stops >= 6  # two folders of labels and four trainings
    for generation in range(2):
        series = f"CITYSCAPES_{approach}_1_{part.format(generation)}"
        assert scores(base_dir, series) == scores(study[0], series)


def test_without_its_start_models_a_method_says_which_step_makes_them(tmp_path, prepared):
    base_dir = tmp_path / "base"
    shutil.copytree(prepared, base_dir)
    small = {"TEACHERS": 2, "MODELS_PER_GENERATION": 2, "NUM_GENERATIONS": 2, "TOP_Ks": 2}
    for step, first in (("09", "03"), ("13", "04"), ("10", "03")):
        done = run_step_here(step, base_dir, expect=1, **small)
        assert f"run step {first}" in done.stderr
    assert "RECIPE=modern" in run_step_here("09", base_dir, expect=1, RECIPE="modern", **small).stderr


def test_a_dry_run_says_trainings_hours_and_disk_and_writes_nothing(tmp_path, baselines):
    before = sorted(baselines.rglob("*"))
    said = run("09", baselines, "--dry-run").stdout
    assert "4 trainings, 4 to do" in said
    assert re.search(r"about \d+ minutes?, one training at a time, by the rate of CITYSCAPES_subset", said)
    assert "MB on disk" in said
    assert sorted(baselines.rglob("*")) == before


def test_too_few_models_for_the_teachers_are_refused_with_the_key(baselines):
    error = run("09", baselines, expect=1, TEACHERS=3).stderr
    assert "TOP_Ks = 2" in error
    assert "TEACHERS = 2" in error


def test_another_setting_makes_a_method_anew_and_puts_the_earlier_results_away(tmp_path, study):
    base_dir = tmp_path / "base"
    shutil.copytree(study[0], base_dir, symlinks=True)
    done = run("09", base_dir, LR=0.001)
    assert "are now in" in done.stderr
    old = base_dir / "previous" / f"IM_n2_gen0_{OF_IM}_1"
    assert (old / "models" / f"CITYSCAPES_IM_1_n2_gen0_{OF_IM}_0.json").exists()
    assert (old / "models" / f"CITYSCAPES_IM_1_n2_gen1_{OF_IM}_0.json").exists()
    assert (base_dir / "models" / f"CITYSCAPES_IM_1_n2_gen1_{OF_IM}_0.json").exists()
    assert (base_dir / "models" / f"CITYSCAPES_IM_plus_1_n2_gen0_{OF_IM}_0.json").exists()


def test_images_that_nobody_needs_any_more_are_removed_if_asked_for(tmp_path, baselines):
    base_dir = tmp_path / "base"
    shutil.copytree(baselines, base_dir, symlinks=True)
    run("09", base_dir, KEEP_PSEUDO_LABELS=False)
    folder = base_dir / "train_unlabeled_predictions" / "IM" / f"CITYSCAPES_IM_1_n2_gen0_{OF_IM}"
    assert not (folder / "images").exists()
    assert len(list((folder / "masks").iterdir())) == len(list((folder / "im").iterdir())) == 18
    assert "0 to do" in run("09", base_dir, KEEP_PSEUDO_LABELS=False).stdout


@pytest.mark.slow
def test_the_modern_recipe_has_results_of_its_own(tmp_path, baselines):
    base_dir = tmp_path / "base"
    shutil.copytree(baselines, base_dir, symlinks=True)
    modern = {"RECIPE": "modern", "NUM_STEPS": 2, "WARMUP_STEPS": 0, "BATCH_SIZE": 4}
    run("03", base_dir, **modern)
    run("09", base_dir, **modern)
    part = "n2_gen1_e0_d0_bi_False_bo_True"
    result = json.loads((base_dir / "models" / f"CITYSCAPES_IM_modern_1_{part}_0.json").read_text(encoding="utf-8"))
    assert result["job"]["pseudo"]["ignores"]
    assert result["job"]["pseudo"]["labeled_share"] == 0.25
    folder = base_dir / "train_unlabeled_predictions" / "IM_modern" / f"CITYSCAPES_IM_modern_1_{part}"
    values = {value for path in (folder / "masks").iterdir() for value in set(read_mask(path).ravel().tolist())}
    assert 255 in values
    assert not check_prepared(folder).problems


def test_tables_and_links_that_are_gone_are_made_again(tmp_path, study):
    base_dir = tmp_path / "base"
    shutil.copytree(study[0], base_dir, symlinks=True)
    series = f"CITYSCAPES_IM_1_n2_gen1_{OF_IM}"
    shutil.rmtree(base_dir / "csv")
    for link in (base_dir / "models").glob(f"{series}_topK_*"):
        link.unlink()
    assert "0 to do" in run("09", base_dir).stdout
    assert scores(base_dir, series) == scores(study[0], series)


def test_other_evalnets_make_a_method_anew(study):
    said = run("12", study[0], "--dry-run", NUM_EPOCHS_EVALNET=2).stdout
    assert "4 trainings, 4 to do" in said
    assert "2 EvalNets to train before that" in said


def test_without_a_label_that_is_good_enough_step_10_trains_on_the_labelled_pairs(tmp_path, study):
    base_dir = tmp_path / "base"
    shutil.copytree(study[0], base_dir, symlinks=True)
    run("10", base_dir, MAX_THRESHOLD=0.999, NUM_GENERATIONS=1)
    folder = base_dir / "train_unlabeled_predictions" / "segnet" / "CITYSCAPES_segnet_1_n2_gen0"
    assert read_manifest(folder).facts["frames"] == 0


def test_start_models_of_another_split_are_refused_with_the_step_that_makes_them(tmp_path, baselines):
    base_dir = tmp_path / "base"
    shutil.copytree(baselines, base_dir, symlinks=True)
    run("01", base_dir, SEED=7)
    for step, first in (("09", "03"), ("05", "03")):
        error = run(step, base_dir, expect=1, SEED=7).stderr
        assert "was trained on another train_labeled" in error
        assert f"step {first}" in error


def test_a_class_0_that_is_not_void_needs_pixels_that_are_ignored(baselines):
    error = run("09", baselines, expect=1, LABEL_MAP="cityscapes19", NUM_CLASSES=19).stderr
    assert "IM_PIXELS = class_0: class 0 of LABEL_MAP is road" in error


def test_chains_with_other_kernels_stand_apart(tmp_path, study):
    base_dir = tmp_path / "base"
    shutil.copytree(study[0], base_dir, symlinks=True)
    run("09", base_dir, BLOCK_INPUT=False, NUM_GENERATIONS=1)
    titles = {chain.title: len(chain.generations[0].results) for chain in find_chains(read_results(base_dir), base_dir)}
    assert titles["IM n2"] == titles["IM n2 bi False"] == 2
