"""The whole of config.ini as one value, put together from the groups of `settings`."""

from dataclasses import field
from typing import Annotated, Literal, Self, get_args

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from common.config.fields import STRICT, file_name_part, key
from common.config.machine import MachineConfig
from common.config.methods import MethodConfig
from common.config.settings import AugmentationConfig, DatasetConfig, NetworkSettings, Recipe, StudyPlan

RecipeName = Literal["paper", "modern"]


@dataclass(frozen=True, config=STRICT)
class Config:
    """Everything config.ini says; `seed` is used by the split, the augmentation and the trainings.

    `recipe` is the name of the recipe that `training` began as, `variant` the user's name for a changed one.
    """

    dataset: DatasetConfig
    network: NetworkSettings
    seed: int = key("SEED", 42, "Seed of the split, the augmentation and the trainings.", ge=0, le=2**32 - 1)
    recipe: RecipeName = key(
        "RECIPE", "paper", "How networks are trained: paper (the study; the values of this section) or modern (those "
        "of [MODERN]). Results of both stand side by side. docs/recipes.md compares them.", scores=False,
    )  # fmt: skip
    variant: Annotated[str, file_name_part("aug", "plus", "im", *get_args(RecipeName))] = key(
        "VARIANT", "", "A name for changed choices, for example no-flip; their results then stand beside the others "
        "instead of in their place.", scores=False,
    )  # fmt: skip
    training: Recipe = field(default_factory=Recipe)
    study: StudyPlan = field(default_factory=StudyPlan)
    machine: MachineConfig = field(default_factory=MachineConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    methods: MethodConfig = field(default_factory=MethodConfig)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        width, height = self.dataset.size_wh
        if self.augmentation.free_rotation and width != height:
            raise ValueError(
                "FREE_ROTATION = True turns images by 90 degrees and needs IMAGE_WIDTH = IMAGE_HEIGHT, found "
                f"{width} and {height}"
            )
        if not self.training.train_void and not self.dataset.label_map.void_classes:
            raise ValueError(
                "TRAIN_VOID = False: no class of LABEL_MAP stands for void labels alone; set TRAIN_VOID = True"
            )
        return self

    def approach(self, name: str) -> str:
        """Names what a numbered script trains by this recipe: `subset`, `subset_modern`, `subset_modern_no-flip`."""
        return "_".join(part for part in (name, self.recipe if self.recipe != "paper" else "", self.variant) if part)
