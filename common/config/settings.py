"""The values of config.ini as frozen values: dataset, augmentation, network, training, study, machine."""

from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path

from common.labels.maps import LabelMap, study_label_map

RECIPES = ("paper", "modern")
# Modules of learning/network.
NETWORKS = ("unet",)


@dataclass(frozen=True)
class Recipe:
    """All choices of a training but the network, the data and the seed.

    Attributes:
        num_epochs: The training is scored and its state saved so many times.
        batch_size: Images per optimiser step.
        learning_rate: Of AdamW, at its highest.
        weight_decay: Share of a weight that is taken off per step at the highest learning rate.
        num_steps: Optimiser steps in all, a multiple of `num_epochs`; 0: an epoch is one pass over the images.
        schedule: Of learning rate and weight decay: "constant", or "cosine" down to 0.
        warmup_steps: Steps of linear growth from 0 before it.
        decay_on: What the weight decay is for: "all" weights, or "kernels" of convolutions only.
        gradient_clip: Largest Euclidean norm of all gradients together; 0 for none.
        flip: Whether half of the images are mirrored, left for right, while they are fed.
        scale: Smallest and largest factor images are scaled by; cut to size, padding is not trained on.
        color: Largest relative change of brightness, contrast and saturation, and largest turn of the hue in turns.
        mix: "none", or what is pasted from another image of the batch: "cutmix" a rectangle, "classmix" classes.
        train_void: Whether void is a class to learn; else its pixels are left out of the loss.
        loss: "cross_entropy", or that plus "dice" or "lovasz", or "lovasz" alone.
        class_weights: "none", or "inverse_sqrt": pixels of rare classes count more.
        ema_momentum: Of the running mean of the weights, which is scored and saved in their place; 0 for none.
        batchnorm_momentum: Share of the old value when statistics of batch normalisation are updated.
        batchnorm_recalibration: Whether these statistics are computed anew over the training images at the end.
        flip_tta: Whether the mean over image and mirror image is scored, and predicted by the numbered scripts.
    """

    num_epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    num_steps: int = 0
    schedule: str = "constant"
    warmup_steps: int = 0
    decay_on: str = "all"
    gradient_clip: float = 0.0
    flip: bool = False
    scale: tuple[float, float] = (1.0, 1.0)
    color: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    mix: str = "none"
    train_void: bool = True
    loss: str = "cross_entropy"
    class_weights: str = "none"
    ema_momentum: float = 0.0
    batchnorm_momentum: float = 0.99
    batchnorm_recalibration: bool = False
    flip_tta: bool = False

    @property
    def augments(self):
        """Whether an image is changed while it is fed."""
        return self.flip or self.scale != (1.0, 1.0) or any(self.color)

    @property
    def leaves_out_pixels(self):
        """Whether pixels are made `IGNORE` that are not so in the masks."""
        return self.scale != (1.0, 1.0) or not self.train_void

    def steps_per_epoch(self, num_images):
        """Counts the optimiser steps of one epoch.

        Without `num_steps`: images // batch_size as in the study, and one if there are fewer.
        """
        return self.num_steps // self.num_epochs if self.num_steps else max(1, num_images // self.batch_size)

    def images_per_step(self, num_images):
        """Tells the size of a batch: all images where an epoch is one pass and there are fewer than `batch_size`."""
        return self.batch_size if self.num_steps else min(self.batch_size, num_images)


def all_choices(values):
    """Completes what a result JSON says about a training: choices it lacks, as there were not yet any, are the study's.

    Args:
        values: By name of the choice, as they went through JSON.

    Returns:
        A new dictionary; lists are tuples again.
    """
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    study = {each.name: each.default for each in fields(Recipe) if each.name in given or each.default is not MISSING}
    return study | given


@dataclass(frozen=True)
class NetworkSettings:
    """What a network is built from.

    Attributes:
        height: Of image and prediction, in pixels; a multiple of 16.
        width: As height.
        channels: Of the image.
        num_classes: Channels of the output.
        alpha: Width factor: a block with 16 channels gets `int(16 * alpha)`.
        activation: Name of a Keras activation, after every convolution but the last.
        name: One of `NETWORKS`.
    """

    height: int
    width: int
    channels: int = 3
    num_classes: int = 35
    alpha: float = 1.0
    activation: str = "relu"
    name: str = "unet"

    @property
    def size_wh(self):
        """Width and height of image and prediction, in pixels."""
        return self.width, self.height


@dataclass(frozen=True)
class TrainingSettings(Recipe):
    """How one network is trained: a recipe, and the seed of the first weights, the order and changes of images."""

    seed: int = field(default=0, kw_only=True)

    @property
    def what_counts(self):
        """What the weights depend on, by name: choices a recipe has like the study are left out.

        So a training by the study's recipe has the same fingerprint as before there were others.
        """
        return {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) != each.default or each.name == "seed"
        }

    @classmethod
    def from_json(cls, values):
        """Makes settings of the `asdict` that went through JSON; raises TypeError if there are other names in it."""
        return cls(**all_choices(values))


@dataclass(frozen=True)
class DatasetConfig:
    """Which dataset it is, where it lies and what it is prepared to: size in pixels, and classes."""

    name: str
    base_dir: Path
    resize_factor: float
    image_height: int
    image_width: int
    image_channels: int
    num_classes: int
    label_map: LabelMap = field(default_factory=study_label_map)
    preparation: str = "study"

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
class StudyPlan:
    """How many networks each approach trains, and what is kept of them.

    Attributes:
        num_runs: Runs per approach.
        models_per_run: Models per run.
        top_ks: How many of the best models of a run are kept under their rank.
        save_predictions: The splits whose predictions are kept as PNG.
    """

    num_runs: int
    models_per_run: int
    top_ks: int
    save_predictions: tuple[str, ...] = ("val", "test")


@dataclass(frozen=True)
class MachineConfig:
    """What this machine may be used for. `workers` None means all cores.

    Changes no result but the last bits: by the precision, and on a CPU by fewer threads per training.
    """

    precision: str
    workers: int | None
    trainings_at_a_time: int
