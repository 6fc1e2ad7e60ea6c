import csv
import shutil

import pytest

from common.errors import ConfigError, DataError
from common.files.models import read_model
from common.learning.experiments.evalnets import evalnet_chain, evalnets_to_do, ranked_evalnets
from common.learning.experiments.jobs import weights_digest
from common.learning.judging.jobs import EvalNetResult
from common.learning.judging.judge import Judge
from tests.learning.judging.conftest import (  # noqa: F401 - fixtures
    LABEL_MAP,
    base_dir,
    config_of,
    dataset_of,
    labelled,
    models_of,
    small_evalnet,
    started_back_end,
)
from tests.learning.judging.conftest import run_work as run


def chain_of(kind, config):
    return evalnet_chain(kind, 1, config, dataset_of(config), models_of(config.dataset.base_dir))


def count_of(kind, config):
    return evalnets_to_do(kind, 1, config, dataset_of(config), models_of(config.dataset.base_dir))


@pytest.fixture(scope="module")
def trained(labelled, small_evalnet):  # noqa: F811
    """A BASE_DIR with the EvalNets of step 10, and what was done for it."""
    config, done = config_of(labelled), []
    assert count_of("miou", config) == 2
    for works in chain_of("miou", config):
        done.append([work.name for work in works])
        for work in works:
            run(work)
    return labelled, done


@pytest.fixture
def copy(trained, tmp_path):
    return shutil.copytree(trained[0], tmp_path / "copy", symlinks=True)


def table(base_dir):  # noqa: F811
    path = base_dir / "csv" / "results_CITYSCAPES_evalnet_miou_1.csv"
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_data_come_before_trainings(trained):
    base, done = trained
    assert done == [
        ["data of CITYSCAPES_evalnet_miou_1"],
        ["CITYSCAPES_evalnet_miou_1_0", "CITYSCAPES_evalnet_miou_1_1"],
    ]
    assert count_of("miou", config_of(base)) == 0
    assert list(chain_of("miou", config_of(base))) == []


def test_the_lowest_error_of_the_iou_has_the_first_rank(trained):
    base, _ = trained
    rows = table(base)
    assert list(rows[0]) == ["modelname", "total_loss", "iou_loss", "detection_loss", "iou_mae", "detection_mae"]
    best = sorted(rows, key=lambda row: float(row["iou_mae"]))
    links = ranked_evalnets("miou", 1, config_of(base), 2)
    for link, row in zip(links, best, strict=True):
        assert link.samefile(base / "models" / "evalnets" / f"{row['modelname']}.keras")
    iou, _ = Judge(links).judge(*[_pixels(base, part) for part in ("images", "masks")])
    assert iou.shape == (2, 1, len(LABEL_MAP))


def _pixels(base, part):
    from common.images.png import read_image, read_mask

    read = read_image if part == "images" else read_mask
    return read(base / "val" / part / "val_0.png")[None]


def test_a_result_says_how_the_evalnet_came_about(trained):
    base, _ = trained
    result = read_model(base / "models" / "evalnets" / "CITYSCAPES_evalnet_miou_1_1.json", EvalNetResult)
    assert len(result.history) == 2
    assert result.job.training.num_epochs == 2
    assert float(table(base)[1]["total_loss"]) == pytest.approx(result.scores.total_loss, abs=1e-6)


def test_a_model_file_that_is_gone_is_trained_again_alone(copy):
    (copy / "models" / "evalnets" / "CITYSCAPES_evalnet_miou_1_1.keras").unlink()
    (works,) = [next(chain_of("miou", config_of(copy)))]
    assert [work.name for work in works] == ["CITYSCAPES_evalnet_miou_1_1"]
    assert not (copy / "previous").exists()


def test_other_settings_put_the_older_evalnets_away(copy):
    config = config_of(copy, "NUM_EPOCHS_EVALNET=3")
    works = next(chain_of("miou", config))
    assert len(works) == 2
    assert not list((copy / "models" / "evalnets").iterdir())
    old = {path.name for path in (copy / "previous" / "CITYSCAPES_evalnet_miou_1_1").rglob("*") if path.is_file()}
    assert {"CITYSCAPES_evalnet_miou_1_0.json", "results_CITYSCAPES_evalnet_miou_1.csv"} <= old


def test_another_labelling_network_makes_new_data(copy):
    first, second = models_of(copy)[:2]
    shutil.copyfile(second, first)
    assert count_of("miou", config_of(copy)) == 2
    assert next(chain_of("miou", config_of(copy)))[0].name == "data of CITYSCAPES_evalnet_miou_1"


def test_recipes_have_files_of_their_own_and_equal_seeds(base_dir):  # noqa: F811
    config = config_of(base_dir, "RECIPE=modern")
    (work,) = next(chain_of("miou_im", config))
    assert work.job.data == "evalnet_im_modern/run_1"
    assert str(work.job.name) == "CITYSCAPES_evalnet_miou_im_modern_1_0"
    assert work.job.series == "CITYSCAPES_evalnet_miou_im_1"
    assert work.job.ignore


def test_missing_evalnets_are_named_with_the_step_that_trains_them(base_dir):  # noqa: F811
    with pytest.raises(DataError, match=r"evalnet_miou_im_1_topK_1\.keras: no such file; step 12.*2 or more"):
        ranked_evalnets("miou_im", 1, config_of(base_dir), 2)


def test_a_missing_network_is_named(base_dir):  # noqa: F811
    models_of(base_dir)[2].unlink()
    with pytest.raises(DataError, match=r"subset_1_2\.keras: cannot be read as a Keras model"):
        next(chain_of("miou", config_of(base_dir)))


def test_small_images_are_refused_before_anything_is_done(base_dir):  # noqa: F811
    with pytest.raises(ConfigError, match="64x48 pixels.*64 pixels or more"):
        next(chain_of("miou", config_of(base_dir, "IMAGE_HEIGHT=48")))


def test_a_digest_tells_other_weights_and_refuses_other_files(base_dir, tmp_path):  # noqa: F811
    first, second = models_of(base_dir)[:2]
    assert weights_digest(first) != weights_digest(second)
    assert weights_digest(shutil.copyfile(first, tmp_path / "copy.keras")) == weights_digest(first)
    (tmp_path / "broken.keras").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"broken\.keras: cannot be read as a Keras model"):
        weights_digest(tmp_path / "broken.keras")
