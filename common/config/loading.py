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

from common.config.keys import (
    DEFAULT_KEYS,
    KEYS,
    KEYS_WITHOUT_EFFECT_ON_SCORES,
    LATER_KEYS,
    OTHER_SECTIONS,
    RECIPE_KEYS,
)
from common.config.settings import AugmentationConfig, DatasetConfig, MachineConfig, NetworkConfig, Recipe, StudyPlan
from common.config.values import locate_label_map, resolve_folder
from common.errors import ConfigError, LabelError
from common.files.disk import write_text
from common.labels.maps import study_label_map

SHIPPED_CONFIG = Path(__file__).resolve().parents[2] / "config.ini"
_COMMAND_LINE = "command line"
_MODERN = "MODERN"


@dataclass(frozen=True)
class Config:
    """Everything config.ini says; `seed` is used by the split, the augmentation and the trainings.

    `recipe` is the name of what `training` began as, `variant` what a user calls a changed one.
    """

    seed: int
    recipe: str
    variant: str
    dataset: DatasetConfig
    augmentation: AugmentationConfig
    network: NetworkConfig
    training: Recipe
    study: StudyPlan
    machine: MachineConfig

    def approach(self, name):
        """Names what a numbered script trains by this recipe: `subset`, `subset_modern`, `subset_modern_no-flip`."""
        return "_".join(part for part in (name, self.recipe if self.recipe != "paper" else "", self.variant) if part)

    def has_study_values(self):
        """Tells whether everything that scores depend on has the study's value."""
        return all(
            _value_at(self, key.place) == key.kind.read(key.study_value)
            for name, key in KEYS.items()
            if name not in KEYS_WITHOUT_EFFECT_ON_SCORES
        )


def _value_at(config, place):
    for name in place.split("."):
        config = getattr(config, name)
    return config


def load_config(section, path, overrides=()):
    """Reads and checks one section of config.ini.

    Args:
        section: The dataset's section, `CITYSCAPES`.
        path: The file. A relative BASE_DIR or LABEL_MAP is relative to its folder.
        overrides: `KEY=VALUE` texts that win over the file; a relative path among them is relative to the working
            directory, as on any command line.

    Raises:
        ConfigError: Names section, key, value and what is allowed.
    """
    path = Path(path)
    parser = _parse(path, section)
    _check_sections(parser, path, section)
    given = _read_overrides(overrides)
    texts = {**_read_sections(parser, path, ("DEFAULT", section)), **given}
    _check_missing(texts, path, section)
    for key, entry in KEYS.items():
        if entry.optional:
            texts.setdefault(key, (entry.study_value, f"{path} [{section}]"))
    modern = {key: (entry.modern_value, f"{path} [{_MODERN}]") for key, entry in RECIPE_KEYS.items()}
    modern |= _read_sections(parser, path, (_MODERN,))
    for recipe in (texts, modern):  # a mistake in the one that is not used is one too
        for key, entry in RECIPE_KEYS.items():
            _read_value(key, *recipe[key], entry.kind)
    if _read_value("RECIPE", *texts["RECIPE"], KEYS["RECIPE"].kind) == "modern":
        texts |= modern | given
    texts["LABEL_MAP"] = _resolve("LABEL_MAP", texts, path, locate_label_map), texts["LABEL_MAP"][1]
    result = {entry.place: _read_value(key, *texts[key], entry.kind) for key, entry in KEYS.items()}
    result["dataset.name"] = section
    result["dataset.base_dir"] = _resolve("BASE_DIR", texts, path, resolve_folder)
    config = _assemble(result)
    _check_together(config, {key: where for key, (_, where) in texts.items()})
    return config


def _read_sections(parser, path, names):
    """Reads the keys of sections, the later ones winning: text and where it stands, by key."""
    texts = {}
    for name in names:
        for key, text in parser[name].items() if name in parser else ():
            _check_known(key, f"{path} [{name}]")
            texts[key] = (text.strip(), f"{path} [{name}]")
    return texts


def _resolve(key, texts, path, resolve):
    """Makes a path absolute: relative to the file, or on the command line to the working directory."""
    text, where = texts[key]
    try:
        return resolve(text.strip("\"' "), Path.cwd() if where == _COMMAND_LINE else path.absolute().parent)
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"{where}: {key} = {text}: {error}") from error


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
        if found not in (section, "DEFAULT", _MODERN) and found not in OTHER_SECTIONS:
            raise ConfigError(f"{path}: unknown section [{found}]; expected [DEFAULT], [{_MODERN}] and [{section}]")
    for key in parser[_MODERN] if parser.has_section(_MODERN) else ():
        _check_known(key, f"{path} [{_MODERN}]")
        if key not in RECIPE_KEYS:
            raise ConfigError(
                f"{path} [{_MODERN}]: {key} is no choice of a recipe; move it to [DEFAULT] or [{section}]"
            )
    if section not in parser:
        raise ConfigError(f"{path}: the section [{section}] is missing; copy it from the repository's config.ini")


def _check_known(key, where):
    if key in KEYS or key in LATER_KEYS:
        return
    known = {name.upper(): name for name in KEYS}
    close = difflib.get_close_matches(key.upper(), known, n=1, cutoff=0.5)
    hint = f"did you mean {known[close[0]]}?" if close else f"the keys are {', '.join(KEYS)}"
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
    missing = [key for key in KEYS if key not in texts and not KEYS[key].optional]
    if missing:
        lines = "".join(
            f"\n    {key} = {KEYS[key].study_value}    (in [{'DEFAULT' if key in DEFAULT_KEYS else section}])"
            for key in missing
        )
        raise ConfigError(f"{path}: missing {'key' if len(missing) == 1 else 'keys'}; the study's values are{lines}")


def _read_value(key, text, where, kind):
    try:
        return kind.read(text)
    except LabelError as error:
        raise ConfigError(f"{where}: {key}: {error}") from error
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


def _check_together(config, where):
    classes = len(config.dataset.label_map)
    if config.dataset.num_classes != classes:
        whose = "the study's label map" if config.dataset.label_map == study_label_map() else "the map of LABEL_MAP"
        raise ConfigError(
            f"{where['NUM_CLASSES']}: NUM_CLASSES = {config.dataset.num_classes}: {whose} has {classes} "
            f"{'class' if classes == 1 else 'classes'}; set NUM_CLASSES = {classes}"
        )
    for key, side in (("IMAGE_WIDTH", config.dataset.image_width), ("IMAGE_HEIGHT", config.dataset.image_height)):
        if side % 16:
            raise ConfigError(
                f"{where[key]}: {key} = {side}: expected a multiple of 16, because the network halves the image four "
                f"times; the next ones are {side // 16 * 16} and {side // 16 * 16 + 16}"
            )
    if config.augmentation.free_rotation and config.dataset.image_width != config.dataset.image_height:
        raise ConfigError(
            f"{where['FREE_ROTATION']}: FREE_ROTATION = True turns images by 90 degrees and needs "
            f"IMAGE_WIDTH = IMAGE_HEIGHT, found {config.dataset.image_width} and {config.dataset.image_height}"
        )
    _check_recipe(config, where)
    if config.study.top_ks > config.study.models_per_run:
        raise ConfigError(
            f"{where['TOP_Ks']}: TOP_Ks = {config.study.top_ks}: expected at most MODELS_PER_RUN = "
            f"{config.study.models_per_run}, because the best are chosen among the models of one run"
        )


def _check_recipe(config, where):
    """Refuses choices that do not go together, or that would silently do nothing."""
    chosen = config.training
    steps, epochs = chosen.num_steps, chosen.num_epochs
    if steps % epochs:
        near = max(1, round(steps / epochs)) * epochs
        raise ConfigError(
            f"{where['NUM_STEPS']}: NUM_STEPS = {steps}: expected 0 or a multiple of NUM_EPOCHS = {epochs}, because "
            f"the network is scored so many times on the way; the next one is {near}"
        )
    if steps and chosen.warmup_steps >= steps:
        raise ConfigError(
            f"{where['WARMUP_STEPS']}: WARMUP_STEPS = {chosen.warmup_steps}: expected fewer than NUM_STEPS = "
            f"{steps}; set WARMUP_STEPS = {steps // 10}"
        )
    if chosen.mix != "none" and chosen.batch_size == 1:
        raise ConfigError(
            f"{where['ONLINE_MIX']}: ONLINE_MIX = {chosen.mix}: pastes from other images of the batch, and "
            "BATCH_SIZE = 1 has none; set ONLINE_MIX = none or a larger batch"
        )
    if chosen.class_weights != "none" and chosen.loss == "lovasz":
        raise ConfigError(
            f"{where['CLASS_WEIGHTS']}: CLASS_WEIGHTS = {chosen.class_weights}: is for the cross-entropy, which "
            "LOSS = lovasz does not have; set CLASS_WEIGHTS = none or LOSS = cross_entropy+lovasz"
        )
    if not chosen.train_void and not config.dataset.label_map.void_classes:
        raise ConfigError(
            f"{where['TRAIN_VOID']}: TRAIN_VOID = False: no class of LABEL_MAP stands for void labels alone; set "
            "TRAIN_VOID = True"
        )


def write_config(path, changes):
    """Writes the shipped config.ini with some values changed, its comments kept.

    Args:
        path: The new file.
        changes: New values as text by key; `MODERN.<key>` is the key in that section.

    Raises:
        ConfigError: If a key is unknown.
    """
    lines = SHIPPED_CONFIG.read_text(encoding="utf-8").splitlines()
    for change, value in changes.items():
        section, _, key = change.rpartition(".")
        _check_known(key, str(path))
        start = lines.index(f"[{section}]") if section else 0
        place = next(n for n, line in enumerate(lines) if n >= start and line.partition("=")[0].strip() == key)
        lines[place] = f"{key} = {value}"
    write_text(path, "\n".join(lines) + "\n")
