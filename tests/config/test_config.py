import configparser
import os
import platform
import re
import shutil
from pathlib import Path

import pytest

from common.config.documentation import DOCUMENT, config_text, with_tables, write_config
from common.config.keys import KEYS, RECIPE_KEYS, has_study_values
from common.config.loading import load_config
from common.config.paths import SHIPPED_CONFIG as SHIPPED
from common.config.paths import resolve_folder
from common.config.settings import Recipe
from common.errors import ConfigError
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map


@pytest.fixture
def config_file(tmp_path):
    """Gives a function that writes config.ini with some lines replaced, and returns its path."""

    def write(replaced=(), name="config.ini"):
        text = SHIPPED.read_text(encoding="utf-8")
        for old, new in dict(replaced).items():
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_shipped_file_has_the_values_of_the_study():
    config = load_config("CITYSCAPES", SHIPPED)
    assert has_study_values(config)
    assert (config.seed, config.study.num_runs, config.study.models_per_run) == (42, 3, 10)
    assert config.dataset.size_wh == (416, 208)


def test_a_change_that_matters_is_no_longer_the_study():
    assert not has_study_values(load_config("CITYSCAPES", SHIPPED, ["NUM_EPOCHS=49"]))
    assert has_study_values(load_config("CITYSCAPES", SHIPPED, ["NUM_WORKERS=1"]))


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("LRR=1", ["LRR", "did you mean LR?"]),
        ("batch_size=3", ["batch_size", "did you mean BATCH_SIZE?"]),
        ("LR=fast", ["LR = fast", "a number above 0"]),
        ("LR=nan", ["LR = nan", "a number above 0"]),
        ("LR=", ["LR = (empty)"]),
        ("NUM_EPOCHS=2.5", ["NUM_EPOCHS = 2.5", "whole number"]),
        ("NUM_EPOCHS=5 # few", ["a line of its own"]),
        ("IMAGE_WIDTH=100", ["IMAGE_WIDTH = 100", "multiple of 16", "96 and 112"]),
        ("NUM_CLASSES=19", ["NUM_CLASSES = 19", "the study's label map has 35 classes", "set NUM_CLASSES = 35"]),
        ("LABEL_MAP=cityscapes19", ["NUM_CLASSES = 35", "LABEL_MAP has 19 classes", "set NUM_CLASSES = 19"]),
        ("LABEL_MAP=cityscape19", ["LABEL_MAP", "no such file", "did you mean cityscapes19?"]),
        ("ACTIFU=rely", ["ACTIFU = rely", "relu"]),
        ("FREE_ROTATION=True", ["FREE_ROTATION", "IMAGE_WIDTH = IMAGE_HEIGHT"]),
        ("FREE_ROTATION=maybe", ["True or False"]),
        ("TOP_Ks=11", ["TOP_Ks = 11", "MODELS_PER_RUN = 10"]),
        ("BRIGHTNESS_BETA=15, -15", ["BRIGHTNESS_BETA", "the smaller first"]),
        ("SAVE_PREDICTIONS=validation", ["SAVE_PREDICTIONS", "train_unlabeled"]),
        ("NUM_WORKERS=0", ["NUM_WORKERS = 0", "auto"]),
        ("BASE_DIR=", ["BASE_DIR", "a folder"]),
        ("NUM_EPOCHS", ["KEY=VALUE"]),
        ("RECIPE=new", ["RECIPE = new", "one of paper, modern"]),
        ("VARIANT=aug", ["VARIANT = aug", "not aug or plus or im or paper or modern"]),
        ("VARIANT=a_1", ["VARIANT = a_1", "small letters, digits and hyphens"]),
        ("NUM_STEPS=120", ["NUM_STEPS = 120", "a multiple of NUM_EPOCHS = 50", "the next one is 100"]),
        ("ONLINE_COLOR=0.4", ["ONLINE_COLOR = 0.4", "4 numbers"]),
        ("ONLINE_COLOR=0, 0, 0, 0.6", ["from 0 to 1, 1, 1, 0.5"]),
        ("ONLINE_SCALE=2, 0.5", ["the smaller first"]),
        ("ONLINE_MIX=cutmix BATCH_SIZE=1", ["ONLINE_MIX = cutmix", "BATCH_SIZE = 1 has none"]),
        ("CLASS_WEIGHTS=inverse_sqrt LOSS=lovasz", ["CLASS_WEIGHTS = inverse_sqrt", "LOSS = cross_entropy+lovasz"]),
        ("RECIPE=modern NUM_STEPS=48", ["WARMUP_STEPS = 100", "set WARMUP_STEPS = 4"]),
        ("LABEL_MAP=cityscapes19 NUM_CLASSES=19 TRAIN_VOID=False", ["TRAIN_VOID = False", "stands for void"]),
        ("LOSS=dice", ["LOSS = dice", "cross_entropy+dice"]),
        ("PREPARATION=exact", ["PREPARATION = exact", "study, aligned, painted"]),
        ("NETWORK=resnet", ["NETWORK = resnet", "expected unet"]),
        ("ACTIFU_OUTPUT=sigmoid", ["ACTIFU_OUTPUT = sigmoid", "expected softmax"]),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(override, words):
    with pytest.raises(ConfigError) as error:
        load_config("CITYSCAPES", SHIPPED, override.split(" ") if override.count("=") > 1 else [override])
    assert all(word in str(error.value) for word in words), str(error.value)


def test_the_modern_recipe_is_another_value_of_the_same_class():
    paper, modern = (load_config("CITYSCAPES", SHIPPED, [f"RECIPE={name}"]) for name in ("paper", "modern"))
    assert type(paper.training) is type(modern.training)
    assert has_study_values(paper) and not has_study_values(modern)
    assert (modern.training.num_steps, modern.training.batch_size) == (1200, 8)
    assert paper.dataset == modern.dataset


def test_the_shipped_file_and_the_document_are_what_the_models_give():
    assert SHIPPED.read_text(encoding="utf-8") == config_text()
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == with_tables(text), "run python -m common.config.documentation"


def test_the_shipped_file_holds_every_key_with_its_default():
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    parser.optionxform = str
    parser.read(SHIPPED, encoding="utf-8")
    assert {*parser["DEFAULT"], *parser["CITYSCAPES"]} == set(KEYS)
    assert set(parser["MODERN"]) == set(RECIPE_KEYS)
    shipped, empty = (load_config("CITYSCAPES", SHIPPED, [f"RECIPE={name}"]) for name in ("paper", "modern"))
    assert shipped.training == Recipe() != empty.training


def test_only_base_dir_must_be_given(config_file):
    path = config_file()
    path.write_text("[CITYSCAPES]\nBASE_DIR = data\n", encoding="utf-8")
    for override in ("RECIPE=paper", "RECIPE=modern"):
        assert load_config("CITYSCAPES", path, [override]) == load_config("CITYSCAPES", config_file(), [override])
        path.write_text("[CITYSCAPES]\nBASE_DIR = data\n", encoding="utf-8")
    path.write_text("[DEFAULT]\nMODELS_PER_RUN = 2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config.ini \[CITYSCAPES\]: BASE_DIR is missing"):
        load_config("CITYSCAPES", path)
    with pytest.raises(ConfigError, match=r"TOP_Ks = 4: .*MODELS_PER_RUN = 2"):
        load_config("CITYSCAPES", path, ["BASE_DIR=data"])


def test_an_indented_key_is_named_with_its_line(config_file):
    path = config_file({"\nMODELS_PER_RUN = 10": "\n MODELS_PER_RUN = 10"})
    line = path.read_text(encoding="utf-8").splitlines().index(" MODELS_PER_RUN = 10") + 1
    with pytest.raises(ConfigError, match=rf"config.ini: line {line}: MODELS_PER_RUN is indented.*NUM_RUNS above"):
        load_config("CITYSCAPES", path)


def test_a_recipe_is_read_from_its_own_section_and_the_command_line_wins(config_file):
    path = config_file({"RECIPE = paper": "RECIPE = modern", "NUM_STEPS = 1200": "NUM_STEPS = 2400"})
    assert load_config("CITYSCAPES", path).training.num_steps == 2400
    assert load_config("CITYSCAPES", path).training.learning_rate == 0.003
    assert load_config("CITYSCAPES", path, ["RECIPE=paper"]).training.num_steps == 0
    assert load_config("CITYSCAPES", path, ["NUM_STEPS=240"]).training.num_steps == 240


def test_a_mistake_in_the_recipe_that_is_not_used_is_named_too(config_file):
    path = config_file({"GRADIENT_CLIP = 1": "GRADIENT_CLIP = one"})
    with pytest.raises(ConfigError, match=r"\[MODERN\]: GRADIENT_CLIP = one"):
        load_config("CITYSCAPES", path)
    path = config_file({"LR_SCHEDULE = constant": "LR_SCHEDULE = steady"})
    with pytest.raises(ConfigError, match=r"\[DEFAULT\]: LR_SCHEDULE = steady"):
        load_config("CITYSCAPES", path, ["RECIPE=modern"])


def test_a_written_file_changes_the_section_that_is_meant(tmp_path):
    write_config(tmp_path / "config.ini", {"NUM_EPOCHS": 20, "MODERN.NUM_EPOCHS": 12, "MODERN.NUM_STEPS": 240})
    paper, modern = (
        load_config("CITYSCAPES", tmp_path / "config.ini", [f"RECIPE={name}"]).training for name in ("paper", "modern")
    )
    assert (paper.num_epochs, paper.num_steps, modern.num_epochs, modern.num_steps) == (20, 0, 12, 240)


def test_approaches_are_named_by_recipe_and_variant():
    def name(*overrides):
        return load_config("CITYSCAPES", SHIPPED, overrides).approach("subset")

    assert name() == "subset"
    assert name("RECIPE=modern") == "subset_modern"
    assert name("RECIPE=modern", "VARIANT=no-flip", "ONLINE_FLIP=False") == "subset_modern_no-flip"
    assert name("VARIANT=recal", "BATCHNORM_RECALIBRATION=True") == "subset_recal"


def test_a_key_of_no_recipe_in_its_section_is_refused(config_file):
    path = config_file({"[MODERN]": "[MODERN]\nALPHA = 2"})
    with pytest.raises(ConfigError, match=r"\[MODERN\]: ALPHA .* move it to"):
        load_config("CITYSCAPES", path)


def test_an_error_in_the_file_names_file_and_section(config_file):
    path = config_file({"LR = 0.003": "LR = quick"})
    with pytest.raises(ConfigError, match=r"config.ini \[DEFAULT\]: LR = quick"):
        load_config("CITYSCAPES", path)


def test_an_unknown_section_is_refused(config_file):
    path = config_file({"[CITYSCAPES]": "[CITYSCAPE]"})
    with pytest.raises(ConfigError, match=r"\[CITYSCAPE\].*\[CITYSCAPES\]"):
        load_config("CITYSCAPES", path)


def test_a_key_of_the_reference_that_no_step_uses_is_accepted(config_file):
    path = config_file({"SEED = 42": "SEED = 42\nTHRESHOLD = 0.5\nVALIDATION_FREQUENCY = 1"})
    assert load_config("CITYSCAPES", path).seed == 42


def test_the_sections_of_the_other_datasets_are_passed_over(config_file):
    path = config_file({"[CITYSCAPES]": "[HELA]\nWHATEVER = 1\n\n[CITYSCAPES]"})
    assert load_config("CITYSCAPES", path).dataset.name == "CITYSCAPES"


def test_a_key_of_default_can_be_set_for_the_dataset_alone(config_file):
    path = config_file({"ACTIFU = relu": "ACTIFU = relu\nBATCH_SIZE = 16"})
    assert load_config("CITYSCAPES", path).training.batch_size == 16


def test_a_key_given_twice_is_an_error(config_file):
    path = config_file({"SEED = 42": "SEED = 42\nSEED = 43"})
    with pytest.raises(ConfigError, match="SEED"):
        load_config("CITYSCAPES", path)


def test_a_file_that_is_not_there_is_an_error_with_the_way_out(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        load_config("CITYSCAPES", tmp_path / "config.ini")


def test_a_pipe_a_device_and_a_far_too_large_file_are_refused_unread(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large.ini").write_bytes(b"#" * (1024**2 + 1))
    for path, found in (
        (tmp_path / "pipe", "ordinary"),
        (Path("/dev/zero"), "ordinary"),
        (tmp_path / "large.ini", "1,048,577"),
    ):
        with pytest.raises(ConfigError, match=f"{path}.*{found}.*expected a text file like config.ini"):
            load_config("CITYSCAPES", path)


def test_a_file_saved_by_the_windows_editor_is_read(config_file):
    path = config_file({"BASE_DIR = data": "BASE_DIR = Straßenbilder 2"})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_config("CITYSCAPES", path).dataset.base_dir == path.parent / "Straßenbilder 2"


def test_a_file_in_another_encoding_is_an_error(config_file):
    path = config_file()
    path.write_bytes(path.read_bytes() + "# größer".encode("latin-1"))
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config("CITYSCAPES", path)


def test_base_dir_is_relative_to_the_file_and_on_the_command_line_to_the_working_directory(config_file, monkeypatch):
    path = config_file()
    monkeypatch.chdir(os.sep)
    assert load_config("CITYSCAPES", path).dataset.base_dir == path.parent / "data"
    assert load_config("CITYSCAPES", path, ["BASE_DIR=data"]).dataset.base_dir == Path(os.sep, "data").absolute()


def test_the_classes_of_a_built_in_map_are_those_of_the_config():
    config = load_config("CITYSCAPES", SHIPPED, ["LABEL_MAP=cityscapes19", "NUM_CLASSES=19"])
    assert config.dataset.label_map == load_label_map("cityscapes19")
    assert not has_study_values(config)
    assert load_config("CITYSCAPES", SHIPPED).dataset.label_map == study_label_map()


def test_a_map_is_relative_to_the_file_and_on_the_command_line_to_the_working_directory(config_file, monkeypatch):
    path = config_file({"LABEL_MAP =": "LABEL_MAP = maps/two.csv", "NUM_CLASSES = 35": "NUM_CLASSES = 2"})
    (path.parent / "maps").mkdir()
    (path.parent / "maps" / "two.csv").write_text("road, 0 0 0, road\nrest, 1 1 1, *", encoding="utf-8")
    monkeypatch.chdir(os.sep)
    assert load_config("CITYSCAPES", path).dataset.label_map.names == ("road", "rest")
    with pytest.raises(ConfigError, match="no such file"):
        load_config("CITYSCAPES", path, ["LABEL_MAP=maps/two.csv"])
    monkeypatch.chdir(path.parent / "maps")
    assert len(load_config("CITYSCAPES", path, ["LABEL_MAP=two.csv"]).dataset.label_map) == 2


def test_a_mistake_in_a_map_names_config_map_and_line(config_file):
    path = config_file({"LABEL_MAP =": "LABEL_MAP = my.csv"})
    (path.parent / "my.csv").write_text("road, 0 0 0, raod\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config.ini \[CITYSCAPES\]: LABEL_MAP: .*my.csv: line 1: .*mean 'road'"):
        load_config("CITYSCAPES", path)


@pytest.mark.skipif(os.name == "nt", reason="drives are ordinary paths on Windows")
def test_windows_paths_work_under_wsl_and_are_explained_elsewhere(monkeypatch):
    monkeypatch.setattr(platform, "release", lambda: "5.15.0-microsoft-standard-WSL2")
    for text in (r"C:\IM\Cityscapes", "C:/IM/Cityscapes/", r"c:\IM/Cityscapes"):
        assert resolve_folder(text, Path("/")) == Path("/mnt/c/IM/Cityscapes")
    monkeypatch.setattr(platform, "release", lambda: "6.1.0-generic")
    with pytest.raises(ConfigError, match="Windows path"):
        load_config("CITYSCAPES", SHIPPED, [r"BASE_DIR=C:\IM"])


@pytest.mark.skipif(os.name == "nt", reason="a backslash separates folders there")
@pytest.mark.parametrize(
    ("text", "expected"),
    [("~/x", Path.home() / "x"), ("a b/ü", Path("/start/a b/ü")), ('"quoted dir"', Path("/start/quoted dir")),
     (r"sub\folder", Path("/start/sub/folder")), ("../up", Path("/up")), ("50%", Path("/start/50%"))],
)  # fmt: skip
def test_all_ways_to_write_a_folder_work(text, expected):
    assert resolve_folder(text, Path("/start")) == expected


def test_the_shipped_file_is_plain_ini():
    parser = configparser.ConfigParser(interpolation=None)
    assert parser.read(SHIPPED, encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["NUM_EPOCHS", "=", "5"], "'NUM_EPOCHS = 5' has spaces; write NUM_EPOCHS=5"),
        (["SEED=1", "NUM_EPOCHS=", "5"], "'NUM_EPOCHS= 5' has spaces; write NUM_EPOCHS=5"),
        (["NUM_EPOCHS", "=5"], "'NUM_EPOCHS =5' has spaces; write NUM_EPOCHS=5"),
        (["BASE_DIR=/my", "data"], "'data' is not understood; expected KEY=VALUE"),
        (["NUM_EPOCHS"], "'NUM_EPOCHS' is not understood; expected KEY=VALUE"),
        (["=5"], "'=5' is not understood; expected KEY=VALUE"),
    ],
)
def test_spaces_around_the_sign_are_named_with_what_to_write(words, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_config("CITYSCAPES", SHIPPED, words)


def test_a_folder_as_config_is_named_with_the_file_in_it(tmp_path):
    with pytest.raises(ConfigError, match="is a folder; expected a file like config.ini of the repository"):
        load_config("CITYSCAPES", tmp_path)
    shutil.copy(SHIPPED, tmp_path)
    with pytest.raises(ConfigError, match=re.escape(f"is a folder; did you mean {tmp_path / 'config.ini'}?")):
        load_config("CITYSCAPES", tmp_path)
