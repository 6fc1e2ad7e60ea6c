"""The values of config.ini as models: the key, its default, what is allowed and what it means stand at each field.

The defaults are the study's values. A model checks what it is made of; `config` puts them together, `keys` lists the
keys, `loading` reads the file, and `documentation` writes config.ini and the tables of docs/configuration.md.
"""

from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import InstanceOf, model_validator
from pydantic.dataclasses import dataclass

from common.config.fields import STRICT, key, number_pair, numbers_up_to, one_of, several
from common.labels.maps import LabelMap, study_label_map
from common.text import count

Precision = Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"]
Preparation = Literal["study", "aligned", "painted"]
Activation = Literal["relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
PREPARATIONS: tuple[Preparation, ...] = get_args(Preparation)
# Modules of learning/network.
NETWORKS = ("unet",)
PREDICTED_SPLITS = ("val", "test", "train_unlabeled")


@dataclass(frozen=True, config=STRICT)
class Recipe:
    """All choices of a training except the network, the data and the seed."""

    num_epochs: int = key(
        "NUM_EPOCHS", 50, "Number of epochs; the network is scored and saved after each. Without NUM_STEPS an epoch "
        "is one pass over the training images.", modern=24, ge=1, le=100_000,
    )  # fmt: skip
    batch_size: int = key(
        "BATCH_SIZE", 32, "Images per optimiser step; changes scores. Halve it if memory runs out.", modern=8,
        ge=1, le=4096,
    )  # fmt: skip
    learning_rate: float = key("LR", 0.003, "Peak learning rate of AdamW.", modern=0.003, gt=0, le=10)
    weight_decay: float = key(
        "WD", 1e-4, "Share of a weight that is taken off per step at the peak learning rate; not multiplied by LR.",
        modern=1e-4, ge=0, le=1,
    )  # fmt: skip
    num_steps: int = key(
        "NUM_STEPS", 0, "Optimiser steps in all, whatever the number of images, a multiple of NUM_EPOCHS; 0: the "
        "number of images decides.", modern=1200, ge=0, le=10_000_000,
    )  # fmt: skip
    schedule: Literal["constant", "cosine"] = key(
        "LR_SCHEDULE", "constant", "Course of the learning rate; cosine falls to 0 by the end, the weight decay with "
        "it.", modern="cosine",
    )  # fmt: skip
    warmup_steps: int = key(
        "WARMUP_STEPS", 0, "Steps in which the learning rate first grows from 0.", modern=100, ge=0, le=1_000_000
    )
    decay_on: Literal["all", "kernels"] = key(
        "WD_ON", "all", "Which weights decay: all, or only the kernels of convolutions, without biases, scales and "
        "offsets.", modern="kernels",
    )  # fmt: skip
    gradient_clip: float = key(
        "GRADIENT_CLIP", 0.0, "Largest norm of all gradients together; 0: no limit.", modern=1.0, ge=0, le=1000
    )
    flip: bool = key(
        "ONLINE_FLIP", False, "Half of the images are mirrored, left for right, while they are fed.", modern=True
    )
    scale: Annotated[tuple[float, float], number_pair(0.1, 10)] = key(
        "ONLINE_SCALE", (1.0, 1.0), "Smallest and largest factor by which images are scaled while they are fed; "
        "halving is as likely as doubling. Then they are cut to size; padding does not count.", modern=(1.0, 1.0),
    )  # fmt: skip
    color: Annotated[tuple[float, float, float, float], numbers_up_to(1, 1, 1, 0.5)] = key(
        "ONLINE_COLOR", (0.0, 0.0, 0.0, 0.0), "Largest change of brightness, contrast and saturation (shares) and of "
        "the hue (turns) while images are fed.", modern=(0.4, 0.4, 0.4, 0.05),
    )  # fmt: skip
    mix: Literal["none", "cutmix", "classmix"] = key(
        "ONLINE_MIX", "none", "Half of the images get a part of another image of the batch: a rectangle (cutmix) or "
        "half of its classes (classmix).", modern="classmix",
    )  # fmt: skip
    train_void: bool = key(
        "TRAIN_VOID", True, "Void is a class to learn. False: its pixels are left out of the loss; scores count them "
        "in both cases.", modern=True,
    )  # fmt: skip
    loss: Literal["cross_entropy", "cross_entropy+dice", "cross_entropy+lovasz", "lovasz"] = key(
        "LOSS", "cross_entropy", "What the training minimises.", modern="cross_entropy+dice"
    )
    class_weights: Literal["none", "inverse_sqrt"] = key(
        "CLASS_WEIGHTS", "none", "Weights of the classes in the cross-entropy; inverse_sqrt: one over the root of a "
        "class's share of the pixels, at most 10 times the weight of the commonest class.", modern="none",
    )  # fmt: skip
    ema_momentum: float = key(
        "EMA_MOMENTUM", 0.0, "Momentum of the running mean of the weights, which is scored and saved in their place; "
        "0: no running mean.", modern=0.99, ge=0, le=0.99999,
    )  # fmt: skip
    batchnorm_momentum: float = key(
        "BATCHNORM_MOMENTUM", 0.99, "Momentum of the moving statistics of batch normalisation.", modern=0.9,
        ge=0, le=0.9999,
    )  # fmt: skip
    batchnorm_recalibration: bool = key(
        "BATCHNORM_RECALIBRATION", False, "The statistics of batch normalisation are computed again at the end, over "
        "the training images, for the network of the best epoch; no weight changes.", modern=False,
    )  # fmt: skip
    flip_tta: bool = key(
        "FLIP_TTA", False, "The mean over image and mirror image is scored, decides on the best epoch and is saved as "
        "predictions. The model file stays the same; predict does it with --tta.", modern=False,
    )  # fmt: skip

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Refuses choices that contradict each other or would silently do nothing; messages begin with the key."""
        steps, epochs = self.num_steps, self.num_epochs
        if steps % epochs:
            near = max(1, round(steps / epochs)) * epochs
            raise ValueError(
                f"NUM_STEPS = {steps}: expected 0 or a multiple of NUM_EPOCHS = {epochs}, because the network is "
                f"scored after equal parts; the next one is {near}"
            )
        if steps and self.warmup_steps >= steps:
            raise ValueError(
                f"WARMUP_STEPS = {self.warmup_steps}: expected fewer than NUM_STEPS = {steps}; set WARMUP_STEPS = "
                f"{steps // 10}"
            )
        if self.mix != "none" and self.batch_size == 1:
            raise ValueError(
                f"ONLINE_MIX = {self.mix}: pastes from other images of the batch, and BATCH_SIZE = 1 has none; set "
                "ONLINE_MIX = none or a larger batch"
            )
        if self.class_weights != "none" and self.loss == "lovasz":
            raise ValueError(
                f"CLASS_WEIGHTS = {self.class_weights}: is for the cross-entropy, which LOSS = lovasz does not have; "
                "set CLASS_WEIGHTS = none or LOSS = cross_entropy+lovasz"
            )
        return self

    @property
    def augments(self) -> bool:
        """Whether an image is changed while it is fed."""
        return self.flip or self.scale != (1.0, 1.0) or any(self.color)

    @property
    def leaves_out_pixels(self) -> bool:
        """Whether pixels become `IGNORE` that are not `IGNORE` in the masks."""
        return self.scale != (1.0, 1.0) or not self.train_void

    def steps_per_epoch(self, num_images: int) -> int:
        """Counts the optimiser steps of one epoch.

        Without `num_steps`: images // batch_size as in the study, and one if there are fewer.
        """
        return self.num_steps // self.num_epochs if self.num_steps else max(1, num_images // self.batch_size)

    def images_per_step(self, num_images: int) -> int:
        """Gives the size of a batch: all images if an epoch is one pass and there are fewer than `batch_size`."""
        return self.batch_size if self.num_steps else min(self.batch_size, num_images)


@dataclass(frozen=True, config=STRICT)
class TrainingSettings(Recipe):
    """How one network is trained: a recipe, and the seed of the first weights, the order and changes of images."""

    seed: int = field(default=0, kw_only=True)

    @property
    def what_counts(self) -> dict[str, Any]:
        """What the weights depend on, by name: identities stay when a choice is added that has the study's value."""
        always = ("num_epochs", "batch_size", "learning_rate", "weight_decay", "seed")
        values, study = vars(self), vars(Recipe())
        return {name: value for name, value in values.items() if name in always or value != study[name]}


@dataclass(frozen=True, config=STRICT)
class NetworkSettings:
    """What a network is built from: size and channels of the image, classes of the output, and its form."""

    height: int
    width: int
    channels: int = 3
    num_classes: int = 35
    alpha: float = key("ALPHA", 1.0, "Width of the U-Net: 1 has 682,259 parameters, 2 has 2,718,723.", ge=0.0625, le=16)
    activation: Activation = key("ACTIFU", "relu", "Activation after every convolution except the last.")
    name: Annotated[str, one_of(*NETWORKS)] = key("NETWORK", "unet", "The network that is trained.")

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of image and prediction, in pixels."""
        return self.width, self.height


@dataclass(frozen=True, config=STRICT)
class StudyPlan:
    """How many networks each approach trains, and what is kept of them."""

    num_runs: int = key("NUM_RUNS", 3, "Runs of each approach.", ge=1, le=1000)
    models_per_run: int = key(
        "MODELS_PER_RUN", 10, "Networks per run: 3 x 10 = 30 trainings for each of steps 02, 03 and 04.", ge=1, le=1000
    )
    top_ks: int = key(
        "TOP_Ks", 4, "How many of the best models of a run are kept under their rank, for the study's later steps; at "
        "most MODELS_PER_RUN.", ge=1, le=1000,
    )  # fmt: skip
    save_predictions: Annotated[tuple[str, ...], several(*PREDICTED_SPLITS)] = key(
        "SAVE_PREDICTIONS", ("val", "test"), "Splits whose predictions are kept as PNG, two files per image and model; "
        "all three are 190,000 files for step 03. More can be added later without a new training.", scores=False,
    )  # fmt: skip

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.top_ks > self.models_per_run:
            raise ValueError(
                f"TOP_Ks = {self.top_ks}: expected at most MODELS_PER_RUN = {self.models_per_run}, because the best "
                "are chosen among the models of one run"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class DatasetConfig:
    """Which dataset it is, where it lies, and what it is prepared to: size in pixels, and classes."""

    name: str
    base_dir: Path = key(
        "BASE_DIR", ..., r"The folder that holds original_data. Relative to this file; C:\IM\Cityscapes, ~/cityscapes "
        "and /data/cityscapes work too.", scores=False, allowed="a folder",
    )  # fmt: skip
    resize_factor: float = key(
        "RESIZE_FACTOR", 0.2, "Frames are scaled by this factor, and the sides rounded up to multiples of 16: "
        "2048x1024 * 0.2 = 416x208.", gt=0, le=4,
    )  # fmt: skip
    image_height: int = key(
        "IMAGE_HEIGHT", 208, "Height of the prepared images, a multiple of 16; must be what RESIZE_FACTOR gives.",
        ge=16, le=8192,
    )  # fmt: skip
    image_width: int = key(
        "IMAGE_WIDTH", 416, "Width of the prepared images, a multiple of 16; must be what RESIZE_FACTOR gives.",
        ge=16, le=8192,
    )  # fmt: skip
    image_channels: int = key("IMAGE_CHANNELS", 3, "Red, green, blue.", ge=3, le=3)
    num_classes: int = key(
        "NUM_CLASSES", 35, "As many as LABEL_MAP has. The study: 0 is unlabeled, id k is class k + 1.", ge=1, le=255
    )
    label_map: InstanceOf[LabelMap] = key(
        "LABEL_MAP", study_label_map(), "Which labels make up which class: empty for the 35 of the study.",
        allowed="nothing, cityscapes19, categories8, enet11, or a CSV file",
    )  # fmt: skip
    preparation: Preparation = key(
        "PREPARATION", "study", "How step 00 makes frames smaller. study: bilinear images, nearest masks. aligned: "
        "mean over areas, masks sampled at the same centres. painted: masks drawn from the polygons at this size. "
        "Scores of different preparations are not comparable.",
    )  # fmt: skip
    truth: Literal["gtFine", "gtCoarse"] = key(
        "TRUTH", "gtFine", "Which annotation step 00 makes masks from. gtCoarse is coarser, and the only one that "
        "train_extra has. Scores on one are not comparable with scores on the other.",
    )  # fmt: skip
    output_activation: Literal["softmax"] = key(
        "ACTIFU_OUTPUT", "softmax", "What the network gives for each pixel: probabilities over the classes."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        classes = len(self.label_map)
        if self.num_classes != classes:
            whose = "the study's label map" if self.label_map == study_label_map() else "the map of LABEL_MAP"
            raise ValueError(
                f"NUM_CLASSES = {self.num_classes}: {whose} has {count(classes, 'class', 'classes')}; set "
                f"NUM_CLASSES = {classes}"
            )
        for name, side in (("IMAGE_WIDTH", self.image_width), ("IMAGE_HEIGHT", self.image_height)):
            if side % 16:
                raise ValueError(
                    f"{name} = {side}: expected a multiple of 16, because the network halves the image four times; the "
                    f"next ones are {side // 16 * 16} and {side // 16 * 16 + 16}"
                )
        return self

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of a prepared image, in pixels."""
        return self.image_width, self.image_height


@dataclass(frozen=True, config=STRICT)
class AugmentationConfig:
    """Ranges the offline augmentation of step 04 draws from; brightness and noise in grey levels of 0-255."""

    num_copies: int = key("NUM_AUGMENTED_COPIES", 9, "Step 04: augmented copies of each labelled image.", ge=1, le=1000)
    free_rotation: bool = key(
        "FREE_ROTATION", False, "True also turns by multiples of 90 degrees and flips upside down; needs square images."
    )
    brightness_alpha: Annotated[tuple[float, float], number_pair(0, 10)] = key(
        "BRIGHTNESS_ALPHA", (0.6, 1.4), "Range of the contrast factor; applied with probability 0.5."
    )
    brightness_beta: Annotated[tuple[float, float], number_pair(-255, 255)] = key(
        "BRIGHTNESS_BETA", (-15.0, 15.0), "Range of the brightness offset in grey levels; applied with the contrast."
    )
    max_blur: int = key(
        "MAX_BLUR", 1, "Largest Gaussian blur: 0 none, 1 up to 3x3, 2 up to 5x5, 3 up to 7x7 pixels, each size as "
        "likely as none.", ge=0, le=3,
    )  # fmt: skip
    max_noise: int = key("MAX_NOISE", 15, "Uniform noise from -MAX_NOISE to MAX_NOISE - 1 grey levels.", ge=0, le=127)
