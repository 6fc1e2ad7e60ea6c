"""config.ini: every value of the study, checked, as frozen dataclasses.

Assumes one section per dataset over [DEFAULT], as in the reference study, whose keys keep their names and meaning. Keys
of the study's later steps and sections of its other datasets may stand in the file; steps 00 to 04 do not use them.
A key that is unknown, missing or out of range is an error that names section, key, value and what is allowed.
"""

import configparser
import dataclasses
import difflib
from dataclasses import dataclass
from pathlib import Path

from common import config_values as values
from common.errors import ConfigError

BASE_SPLITS = ("val", "test", "train_unlabeled")
ACTIVATIONS = ("relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh")
PRECISIONS = ("auto", "float32", "mixed_float16", "mixed_bfloat16")


@dataclass(frozen=True)
class DatasetConfig:
    """Which dataset it is, where it lies and what size it is prepared to; heights and widths in pixels."""

    name: str
    base_dir: Path
    resize_factor: float
    image_height: int
    image_width: int
    image_channels: int
    num_classes: int

    @property
    def size_wh(self):
        """Width and height of a prepared image, in pixels."""
        return self.image_width, self.image_height


@dataclass(frozen=True)
class AugmentationConfig:
    """Ranges the offline augmentation of step 04 draws from; brightness and noise in grey levels of 0-255."""

    num_copies: int
    free_rotation: bool
    brightness_alpha: tuple[float, float]
    brightness_beta: tuple[float, float]
    max_blur: int
    max_noise: int


@dataclass(frozen=True)
class NetworkConfig:
    """Width and activations of the U-Net."""

    alpha: float
    activation: str
    output_activation: str


@dataclass(frozen=True)
class TrainingConfig:
    """How one network is trained."""

    num_epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    precision: str


@dataclass(frozen=True)
class StudyConfig:
    """How many networks are trained and what is kept of them."""

    num_runs: int
    models_per_run: int
    top_ks: int
    save_predictions: tuple[str, ...]


@dataclass(frozen=True)
class MachineConfig:
    """What this machine may be used for; changes no result. `workers` None means all cores."""

    workers: int | None
    trainings_at_a_time: int


@dataclass(frozen=True)
class Config:
    """Everything config.ini says; `seed` is used by the split, the augmentation and the trainings."""

    seed: int
    dataset: DatasetConfig
    augmentation: AugmentationConfig
    network: NetworkConfig
    training: TrainingConfig
    study: StudyConfig
    machine: MachineConfig

    def has_study_values(self):
        """Tells whether everything that scores depend on has the study's value."""
        return all(
            _value_at(self, key.place) == key.kind.read(key.study_value)
            for name, key in _KEYS.items()
            if name not in _NO_MATTER
        )


def _value_at(config, place):
    for name in place.split("."):
        config = getattr(config, name)
    return config


@dataclass(frozen=True)
class _Key:
    kind: values.Kind
    place: str  # group.field of Config
    study_value: str


# The [DEFAULT] keys first, then those of the dataset's own section.
_DEFAULT_KEYS = {
    "SEED": _Key(values.integer(0, 2**32 - 1), "seed", "42"),
    "NUM_EPOCHS": _Key(values.integer(1, 100_000), "training.num_epochs", "50"),
    "BATCH_SIZE": _Key(values.integer(1, 4096), "training.batch_size", "32"),
    "LR": _Key(values.number(0, 10, above=True), "training.learning_rate", "0.003"),
    "WD": _Key(values.number(0, 1), "training.weight_decay", "1e-4"),
    "TOP_Ks": _Key(values.integer(1, 1000), "study.top_ks", "4"),
    "NUM_RUNS": _Key(values.integer(1, 1000), "study.num_runs", "3"),
    "MODELS_PER_RUN": _Key(values.integer(1, 1000), "study.models_per_run", "10"),
    "PRECISION": _Key(values.choice(*PRECISIONS), "training.precision", "auto"),
    "SAVE_PREDICTIONS": _Key(values.several(*BASE_SPLITS), "study.save_predictions", "val, test"),
    "NUM_WORKERS": _Key(values.count_or_auto(), "machine.workers", "auto"),
    "TRAININGS_AT_A_TIME": _Key(values.integer(1, 64), "machine.trainings_at_a_time", "1"),
}
_DATASET_KEYS = {
    "BASE_DIR": _Key(values.folder(), "dataset.base_dir", "data"),
    "RESIZE_FACTOR": _Key(values.number(0, 4, above=True), "dataset.resize_factor", "0.2"),
    "IMAGE_HEIGHT": _Key(values.integer(16, 8192), "dataset.image_height", "208"),
    "IMAGE_WIDTH": _Key(values.integer(16, 8192), "dataset.image_width", "416"),
    "IMAGE_CHANNELS": _Key(values.integer(3, 3), "dataset.image_channels", "3"),
    "NUM_CLASSES": _Key(values.integer(35, 35), "dataset.num_classes", "35"),
    "ALPHA": _Key(values.number(0.0625, 16), "network.alpha", "1"),
    "ACTIFU": _Key(values.choice(*ACTIVATIONS), "network.activation", "relu"),
    "ACTIFU_OUTPUT": _Key(values.choice("softmax"), "network.output_activation", "softmax"),
    "NUM_AUGMENTED_COPIES": _Key(values.integer(1, 1000), "augmentation.num_copies", "9"),
    "FREE_ROTATION": _Key(values.flag(), "augmentation.free_rotation", "False"),
    "BRIGHTNESS_ALPHA": _Key(values.number_range(0, 10), "augmentation.brightness_alpha", "0.6, 1.4"),
    "BRIGHTNESS_BETA": _Key(values.number_range(-255, 255), "augmentation.brightness_beta", "-15, 15"),
    "MAX_BLUR": _Key(values.integer(0, 3), "augmentation.max_blur", "1"),
    "MAX_NOISE": _Key(values.integer(0, 127), "augmentation.max_noise", "15"),
}
_KEYS = {**_DEFAULT_KEYS, **_DATASET_KEYS}
# Keys that change no score.
_NO_MATTER = {"BASE_DIR", "PRECISION", "SAVE_PREDICTIONS", "NUM_WORKERS", "TRAININGS_AT_A_TIME"}

# Of the reference's config.ini; accepted, so that a file written for it can be used, and not needed before step 05.
_LATER_KEYS = {
    "NUM_EPOCHS_EVALNET", "NUM_EPOCHS_CS", "BATCH_SIZE_EVALNET", "NUM_LOOPS_TRAIN", "NUM_LOOPS_VAL", "THRESHOLD",
    "VALIDATION_FREQUENCY", "ALPHA_EVALNET", "ERODE_KERNEL", "DILATE_KERNEL", "BLOCK_INPUT", "BLOCK_OUTPUT",
    "FILTER_INCONSISTENT_CLASS_PRED", "MIN_THRESHOLD", "MAX_THRESHOLD", "NUM_IMAGES_IM_PLUS",
}  # fmt: skip
_COMMAND_LINE = "command line"
_OTHER_SECTIONS = {"ISIC_2018", "HELA", "SUIM"}


def load_config(section, path, overrides=()):
    """Reads and checks one section of config.ini.

    Args:
        section: The dataset's section, `CITYSCAPES`.
        path: The file. A relative BASE_DIR is relative to its folder.
        overrides: `KEY=VALUE` texts that win over the file; a relative BASE_DIR among them is relative to the working
            directory, as on any command line.

    Raises:
        ConfigError: Names section, key, value and what is allowed.
    """
    path = Path(path)
    parser = _parse(path, section)
    _check_sections(parser, path, section)
    texts = {}
    for name in ("DEFAULT", section):
        for key, text in parser[name].items() if name in parser else ():
            _check_known(key, f"{path} [{name}]")
            texts[key] = (text.strip(), f"{path} [{name}]")
    texts.update(_read_overrides(overrides))
    _check_missing(texts, path, section)
    result = {entry.place: _read_value(key, *texts[key], entry.kind) for key, entry in _KEYS.items()}
    start = Path.cwd() if texts["BASE_DIR"][1] == _COMMAND_LINE else path.absolute().parent
    result["dataset.name"] = section
    result["dataset.base_dir"] = _resolve_base_dir(*texts["BASE_DIR"], start)
    config = _assemble(result)
    _check_together(config, path)
    return config


def _resolve_base_dir(text, where, start):
    try:
        return values.resolve_folder(text.strip("\"' "), start)
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"{where}: BASE_DIR = {text}: {error}") from error


def _parse(path, section):
    # [DEFAULT] is read as a section like any other, so that messages can say where a value stands.
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    parser.optionxform = str
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; copy config.ini of the repository there or give --config") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is no UTF-8 text ({error.reason}); save it as UTF-8 in your editor") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; --config expects a file") from error
    try:
        parser.read_string(text, source=str(path))
    except configparser.Error as error:
        found = " ".join(str(error).split())
        raise ConfigError(f"{path}: {found}; expected lines like 'KEY = value' below [{section}]") from error
    return parser


def _check_sections(parser, path, section):
    for found in parser.sections():
        if found not in (section, "DEFAULT") and found not in _OTHER_SECTIONS:
            raise ConfigError(f"{path}: unknown section [{found}]; expected [DEFAULT] and [{section}]")
    if section not in parser:
        raise ConfigError(f"{path}: the section [{section}] is missing; copy it from the repository's config.ini")


def _check_known(key, where):
    if key in _KEYS or key in _LATER_KEYS:
        return
    known = {name.upper(): name for name in _KEYS}
    close = difflib.get_close_matches(key.upper(), known, n=1, cutoff=0.5)
    hint = f"did you mean {known[close[0]]}?" if close else f"the keys are {', '.join(_KEYS)}"
    raise ConfigError(f"{where}: unknown key {key}; {hint}")


def _read_overrides(overrides):
    given = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"{_COMMAND_LINE}: {text!r} is not understood; expected KEY=VALUE, as in NUM_EPOCHS=5")
        _check_known(key.strip(), _COMMAND_LINE)
        given[key.strip()] = (value.strip(), _COMMAND_LINE)
    return given


def _check_missing(texts, path, section):
    missing = [key for key in _KEYS if key not in texts]
    if missing:
        lines = "".join(
            f"\n    {key} = {_KEYS[key].study_value}    (in [{'DEFAULT' if key in _DEFAULT_KEYS else section}])"
            for key in missing
        )
        raise ConfigError(f"{path}: missing {'key' if len(missing) == 1 else 'keys'}; the study's values are{lines}")


def _read_value(key, text, where, kind):
    try:
        return kind.read(text)
    except ValueError as error:
        own_words = str(error) if str(error).startswith("a comment") else ""
        reason = f" ({own_words})" if own_words else ""
        raise ConfigError(f"{where}: {key} = {text or '(empty)'}: expected {kind.allowed}{reason}") from error


def _assemble(result):
    groups = {}
    for place, value in result.items():
        group, _, field = place.partition(".")
        if field:
            groups.setdefault(group, {})[field] = value
        else:
            groups[group] = value
    built = {
        field.name: field.type(**groups[field.name]) if dataclasses.is_dataclass(field.type) else groups[field.name]
        for field in dataclasses.fields(Config)
    }
    return Config(**built)


def _check_together(config, path):
    for key, side in (("IMAGE_WIDTH", config.dataset.image_width), ("IMAGE_HEIGHT", config.dataset.image_height)):
        if side % 16:
            raise ConfigError(
                f"{path}: {key} = {side}: expected a multiple of 16, because the network halves the image four times; "
                f"the next ones are {side // 16 * 16} and {side // 16 * 16 + 16}"
            )
    if config.augmentation.free_rotation and config.dataset.image_width != config.dataset.image_height:
        raise ConfigError(
            f"{path}: FREE_ROTATION = True turns images by 90 degrees and needs IMAGE_WIDTH = IMAGE_HEIGHT, "
            f"found {config.dataset.image_width} and {config.dataset.image_height}"
        )
    if config.study.top_ks > config.study.models_per_run:
        raise ConfigError(
            f"{path}: TOP_Ks = {config.study.top_ks}: expected at most MODELS_PER_RUN = {config.study.models_per_run}, "
            "because the best are chosen among the models of one run"
        )
