"""The keys of config.ini: where they stand, what is allowed, where each value goes, and the study's value.

The names are those of the reference study's config.ini; what is hard-coded there has keys of its own here.
"""

from dataclasses import dataclass

from common.config import values
from common.config.settings import RECIPES, Recipe

PREDICTED_SPLITS = ("val", "test", "train_unlabeled")
ACTIVATIONS = ("relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh")
PREPARATIONS = ("study", "aligned", "painted")
PRECISIONS = ("auto", "float32", "mixed_float16", "mixed_bfloat16")


@dataclass(frozen=True)
class Key:
    """One key of config.ini.

    Attributes:
        kind: What values are allowed.
        place: Where the value goes in `Config`, as "group.field".
        study_value: The value of the study, as it stands in the file.
        optional: Whether the key may be missing, which means the study's value; so that older files stay valid.
        modern_value: The value under RECIPE = modern, for the choices of a recipe.
    """

    kind: values.Kind
    place: str
    study_value: str
    optional: bool = False
    modern_value: str = ""


_MIXES = "none", "cutmix", "classmix"
_LOSSES = "cross_entropy", "cross_entropy+dice", "cross_entropy+lovasz", "lovasz"
# The two recipes: what [DEFAULT] says for RECIPE = paper, and what [MODERN] says for RECIPE = modern.
_CHOICES = {
    # key: what is allowed, the field of `Recipe`, and its value under paper and under modern
    "NUM_EPOCHS": (values.integer(1, 100_000), "num_epochs", "50", "24"),
    "NUM_STEPS": (values.integer(0, 10_000_000), "num_steps", "0", "1200"),
    "BATCH_SIZE": (values.integer(1, 4096), "batch_size", "32", "8"),
    "LR": (values.number(0, 10, above=True), "learning_rate", "0.003", "0.003"),
    "LR_SCHEDULE": (values.choice("constant", "cosine"), "schedule", "constant", "cosine"),
    "WARMUP_STEPS": (values.integer(0, 1_000_000), "warmup_steps", "0", "100"),
    "WD": (values.number(0, 1), "weight_decay", "1e-4", "1e-4"),
    "WD_ON": (values.choice("all", "kernels"), "decay_on", "all", "kernels"),
    "GRADIENT_CLIP": (values.number(0, 1000), "gradient_clip", "0", "1"),
    "ONLINE_FLIP": (values.flag(), "flip", "False", "True"),
    "ONLINE_SCALE": (values.number_range(0.1, 10), "scale", "1, 1", "1, 1"),
    "ONLINE_COLOR": (values.numbers((1, 1, 1, 0.5)), "color", "0, 0, 0, 0", "0.4, 0.4, 0.4, 0.05"),
    "ONLINE_MIX": (values.choice(*_MIXES), "mix", "none", "classmix"),
    "TRAIN_VOID": (values.flag(), "train_void", "True", "True"),
    "LOSS": (values.choice(*_LOSSES), "loss", "cross_entropy", "cross_entropy+dice"),
    "CLASS_WEIGHTS": (values.choice("none", "inverse_sqrt"), "class_weights", "none", "none"),
    "EMA_MOMENTUM": (values.number(0, 0.99999), "ema_momentum", "0", "0.99"),
    "BATCHNORM_MOMENTUM": (values.number(0, 0.9999), "batchnorm_momentum", "0.99", "0.9"),
    "BATCHNORM_RECALIBRATION": (values.flag(), "batchnorm_recalibration", "False", "False"),
    "FLIP_TTA": (values.flag(), "flip_tta", "False", "False"),
}
# What `Recipe` has a default for may be missing in the file: the study's own config.ini does not have it.
RECIPE_KEYS = {
    key: Key(kind, f"training.{field}", paper, hasattr(Recipe, field), modern)
    for key, (kind, field, paper, modern) in _CHOICES.items()
}
# The [DEFAULT] keys first, then those of the dataset's own section.
DEFAULT_KEYS = {
    "SEED": Key(values.integer(0, 2**32 - 1), "seed", "42"),
    "RECIPE": Key(values.choice(*RECIPES), "recipe", "paper", optional=True),
    "VARIANT": Key(values.name_part("aug", *RECIPES), "variant", "", optional=True),
    **RECIPE_KEYS,
    "TOP_Ks": Key(values.integer(1, 1000), "study.top_ks", "4"),
    "NUM_RUNS": Key(values.integer(1, 1000), "study.num_runs", "3"),
    "MODELS_PER_RUN": Key(values.integer(1, 1000), "study.models_per_run", "10"),
    "PRECISION": Key(values.choice(*PRECISIONS), "machine.precision", "auto"),
    "SAVE_PREDICTIONS": Key(values.several(*PREDICTED_SPLITS), "study.save_predictions", "val, test"),
    "NUM_WORKERS": Key(values.count_or_auto(), "machine.workers", "auto"),
    "TRAININGS_AT_A_TIME": Key(values.integer(1, 64), "machine.trainings_at_a_time", "1"),
}
DATASET_KEYS = {
    "BASE_DIR": Key(values.folder(), "dataset.base_dir", "data"),
    "RESIZE_FACTOR": Key(values.number(0, 4, above=True), "dataset.resize_factor", "0.2"),
    "PREPARATION": Key(values.choice(*PREPARATIONS), "dataset.preparation", "study", optional=True),
    "IMAGE_HEIGHT": Key(values.integer(16, 8192), "dataset.image_height", "208"),
    "IMAGE_WIDTH": Key(values.integer(16, 8192), "dataset.image_width", "416"),
    "IMAGE_CHANNELS": Key(values.integer(3, 3), "dataset.image_channels", "3"),
    "NUM_CLASSES": Key(values.integer(1, 255), "dataset.num_classes", "35"),
    "LABEL_MAP": Key(values.label_map(), "dataset.label_map", "", optional=True),
    "ALPHA": Key(values.number(0.0625, 16), "network.alpha", "1"),
    "ACTIFU": Key(values.choice(*ACTIVATIONS), "network.activation", "relu"),
    "ACTIFU_OUTPUT": Key(values.choice("softmax"), "network.output_activation", "softmax"),
    "NUM_AUGMENTED_COPIES": Key(values.integer(1, 1000), "augmentation.num_copies", "9"),
    "FREE_ROTATION": Key(values.flag(), "augmentation.free_rotation", "False"),
    "BRIGHTNESS_ALPHA": Key(values.number_range(0, 10), "augmentation.brightness_alpha", "0.6, 1.4"),
    "BRIGHTNESS_BETA": Key(values.number_range(-255, 255), "augmentation.brightness_beta", "-15, 15"),
    "MAX_BLUR": Key(values.integer(0, 3), "augmentation.max_blur", "1"),
    "MAX_NOISE": Key(values.integer(0, 127), "augmentation.max_noise", "15"),
}
KEYS = {**DEFAULT_KEYS, **DATASET_KEYS}
# Keys that change no score.
KEYS_WITHOUT_EFFECT_ON_SCORES = {
    "BASE_DIR", "RECIPE", "VARIANT", "PRECISION", "SAVE_PREDICTIONS", "NUM_WORKERS", "TRAININGS_AT_A_TIME",
}  # fmt: skip
# Of the reference's config.ini; accepted, so that a file written for it can be used, and not needed before step 05.
LATER_KEYS = {
    "NUM_EPOCHS_EVALNET", "NUM_EPOCHS_CS", "BATCH_SIZE_EVALNET", "NUM_LOOPS_TRAIN", "NUM_LOOPS_VAL", "THRESHOLD",
    "VALIDATION_FREQUENCY", "ALPHA_EVALNET", "ERODE_KERNEL", "DILATE_KERNEL", "BLOCK_INPUT", "BLOCK_OUTPUT",
    "FILTER_INCONSISTENT_CLASS_PRED", "MIN_THRESHOLD", "MAX_THRESHOLD", "NUM_IMAGES_IM_PLUS",
}  # fmt: skip
OTHER_SECTIONS = {"ISIC_2018", "HELA", "SUIM"}
