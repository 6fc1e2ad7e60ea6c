"""The values of config.ini that only the semi-supervised methods use, steps 05 to 14."""

from dataclasses import dataclass as plain_dataclass
from typing import Annotated, Literal, Self

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from common.config.fields import STRICT, auto_or_number, key, numbers, several, whole_numbers
from common.config.settings import AugmentationConfig
from common.text import count

InconsistentPixels = Literal["class_0", "ignore"]
MOST_GENERATIONS = 100
# Approaches whose models the EvalNets of step 10 learn to judge.
EVALNET_SOURCES = ("subset", "subset_aug")


@plain_dataclass(frozen=True)
class Growth:
    """What changes from generation to generation: the width of the students, and the noise on their images.

    Attributes:
        width: Factor of ALPHA.
        noise: What noisy copies and views are drawn from.
    """

    width: float
    noise: AugmentationConfig


@dataclass(frozen=True, config=STRICT)
class MethodConfig:
    """What the semi-supervised methods do; every other choice of their trainings is that of steps 02 to 04."""

    num_generations: int = key(
        "NUM_GENERATIONS", 5, "Rounds of labelling and training; the best models of a round label for the next.",
        ge=1, le=MOST_GENERATIONS,
    )  # fmt: skip
    models_per_generation: int = key(
        "MODELS_PER_GENERATION", 5, "Networks trained in each generation, by step 05 for each strength of noise.",
        ge=1, le=1000,
    )  # fmt: skip
    teachers: Annotated[tuple[int, ...], whole_numbers(2, 1000)] = key(
        "TEACHERS", (2, 3, 4), "How many networks label together in steps 06, 09, 10 and 13; each number is a series "
        "of its own. Steps 11, 12 and 14 use 2.",
    )  # fmt: skip
    views: Annotated[tuple[int, ...], whole_numbers(2, 1000)] = key(
        "VIEWS", (3, 5, 7), "How many noisy views of an image one network labels together in step 07."
    )
    cumulative_views: bool = key(
        "CUMULATIVE_VIEWS", False, "True: as published, step 07 makes one view more and each view from the one before."
    )
    generation_alpha: Annotated[tuple[float, ...], numbers(0.0625, 16)] = key(
        "GENERATION_ALPHA", (1.0, 1.25, 1.5, 1.75, 2.0), "Width of the networks of each generation, times ALPHA, in "
        "steps 08 and 11 to 14.",
    )  # fmt: skip
    generation_noise: Annotated[tuple[int, ...], whole_numbers(0, 127)] = key(
        "GENERATION_NOISE", (3, 6, 9, 12, 15), "Like MAX_NOISE, for the noisy copies of each generation."
    )
    generation_blur: Annotated[tuple[int, ...], whole_numbers(0, 3)] = key(
        "GENERATION_BLUR", (0, 0, 0, 0, 1), "Like MAX_BLUR, for the noisy copies of each generation."
    )
    generation_contrast: Annotated[tuple[float, ...], numbers(0, 1)] = key(
        "GENERATION_CONTRAST", (0.05, 0.1, 0.2, 0.3, 0.4), "Largest change of the contrast factor from 1 in the noisy "
        "copies of each generation.",
    )  # fmt: skip
    generation_offset: Annotated[tuple[float, ...], numbers(0, 255)] = key(
        "GENERATION_OFFSET", (3.0, 6.0, 9.0, 12.0, 15.0), "Largest brightness offset, in grey levels, in the noisy "
        "copies of each generation.",
    )  # fmt: skip
    im_pixels: InconsistentPixels = key(
        "IM_PIXELS", "class_0", "What pixels are whose label the teachers do not agree on: class_0, as published, is "
        "trained as class 0; ignore leaves them out of the loss.", modern="ignore",
    )  # fmt: skip
    block_input: bool = key("BLOCK_INPUT", True, "Whether these pixels are black in the image.", modern=False)
    block_output: bool = key(
        "BLOCK_OUTPUT", True, "Whether the label of these pixels is removed after a change by ERODE_KERNEL or "
        "DILATE_KERNEL; without such a change they have no label in any case.", modern=True,
    )  # fmt: skip
    erode_kernel: int = key(
        "ERODE_KERNEL", 0, "Side of the square by which the inconsistency mask shrinks, in pixels; 0: not.", ge=0, le=99
    )
    dilate_kernel: int = key(
        "DILATE_KERNEL", 0, "Side of the square by which it then grows, in pixels; 0: not.", ge=0, le=99
    )
    filter_classes: bool = key(
        "FILTER_INCONSISTENT_CLASS_PRED", False, "True: a frame is trained on only if all teachers found the same set "
        "of classes in it.",
    )  # fmt: skip
    copies: int = key(
        "NUM_IMAGES_IM_PLUS", 1, "Noisy copies of each pseudo-labelled image in steps 11 and 13.", ge=1, le=1000
    )
    min_threshold: Annotated[float | None, auto_or_number(0, 1)] = key(
        "MIN_THRESHOLD", 0.372, "Steps 12 and 14: up to this predicted mIoU an image gets one noisy copy. auto: the "
        "20 % quantile of the generation. The study's value is the test score of step 04.", modern=None,
    )  # fmt: skip
    max_threshold: Annotated[float | None, auto_or_number(0, 1)] = key(
        "MAX_THRESHOLD", 0.453, "Above it an image gets five copies; step 10 keeps pseudo-labels from it on. auto: the "
        "80 % quantile, in step 10 the median. The study's value is the test score of step 02.", modern=None,
    )  # fmt: skip
    labeled_share: float = key(
        "LABELED_SHARE", 0.0, "Smallest share of labelled images in each batch; 0: no rule.", modern=0.25, ge=0, le=0.9
    )
    consistency_epochs: int = key(
        "NUM_EPOCHS_CS", 100, "Epochs of step 05, each one pass over the labelled and one over the unlabelled images.",
        ge=1, le=100_000,
    )  # fmt: skip
    consistency_weight: float = key(
        "CONSISTENCY_WEIGHT", 1.0, "Weight of the consistency loss of step 05.", ge=0, le=1_000_000
    )
    evalnet_from: Annotated[tuple[str, ...], several(*EVALNET_SOURCES)] = key(
        "EVALNET_FROM", EVALNET_SOURCES, "Whose models' predictions the EvalNets of step 10 learn to judge."
    )
    evalnet_epochs: int = key("NUM_EPOCHS_EVALNET", 50, "Epochs of an EvalNet.", ge=1, le=100_000)
    evalnet_batch_size: int = key("BATCH_SIZE_EVALNET", 32, "Batch size of an EvalNet.", ge=1, le=4096)
    evalnet_alpha: float = key(
        "ALPHA_EVALNET", 2.0, "Width of an EvalNet: 2 has 1,998,598 parameters.", ge=0.0625, le=16
    )
    evalnet_loops_train: int = key(
        "NUM_LOOPS_TRAIN", 10, "Steps 12 and 14: passes over train_labeled that make an EvalNet's training data.",
        ge=1, le=1000,
    )  # fmt: skip
    evalnet_loops_val: int = key(
        "NUM_LOOPS_VAL", 3, "Likewise, passes over val that make its validation data.", ge=1, le=1000
    )
    keep_pseudo_labels: bool = key(
        "KEEP_PSEUDO_LABELS", True, "False: the images of a generation's pseudo-labels are removed when no training "
        "needs them any more; masks and numbers stay.", scores=False,
    )  # fmt: skip

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for name, values in (
            ("GENERATION_ALPHA", self.generation_alpha),
            ("GENERATION_NOISE", self.generation_noise),
            ("GENERATION_BLUR", self.generation_blur),
            ("GENERATION_CONTRAST", self.generation_contrast),
            ("GENERATION_OFFSET", self.generation_offset),
        ):
            if len(values) < self.num_generations:
                raise ValueError(
                    f"{name} has {count(len(values), 'value')}: expected one for each of NUM_GENERATIONS = "
                    f"{self.num_generations}; give more values or set NUM_GENERATIONS = {len(values)}"
                )
        for name, several_numbers in (("TEACHERS", self.teachers), ("VIEWS", self.views)):
            if len(set(several_numbers)) < len(several_numbers):
                raise ValueError(f"{name} = {', '.join(map(str, several_numbers))}: expected different numbers")
        if not self.evalnet_from:
            raise ValueError(f"EVALNET_FROM = none: expected any of {', '.join(EVALNET_SOURCES)}")
        low, high = self.min_threshold, self.max_threshold
        if low is not None and high is not None and low >= high:
            raise ValueError(f"MIN_THRESHOLD = {low:g}: expected less than MAX_THRESHOLD = {high:g}")
        return self

    @property
    def columns(self) -> int:
        """For how many generations the lists GENERATION_* have values."""
        noise = self.generation_noise, self.generation_blur, self.generation_contrast, self.generation_offset
        return min(map(len, (self.generation_alpha, *noise)))

    def growth(self, generation: int) -> Growth:
        """Gives width and noise of a generation, counted from 0."""
        contrast, offset = self.generation_contrast[generation], self.generation_offset[generation]
        noise = AugmentationConfig(
            num_copies=1,
            brightness_alpha=(1 - contrast, 1 + contrast),
            brightness_beta=(-offset, offset),
            max_blur=self.generation_blur[generation],
            max_noise=self.generation_noise[generation],
        )
        return Growth(self.generation_alpha[generation], noise)
