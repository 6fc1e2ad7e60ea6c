"""What a semi-supervised method is: where it starts, who labels, what is trained on, and how its names are made."""

from dataclasses import dataclass
from typing import Literal

from common.config.methods import MethodConfig

LabelKind = Literal["mean_of_models", "mean_of_views", "agreement", "judged"]


@dataclass(frozen=True)
class Method:
    """One of the methods with generations, steps 06 to 14.

    Attributes:
        step: The numbered script, for example "step 09".
        name: The approach, as in file names.
        labels: How labels are made: the class with the largest mean probability of several networks, or of several
            noisy views of the image; the class that all networks agree on; or the best prediction by EvalNets.
        numbers: The n of each series: how many networks, views or EvalNets label together. A chain of generations each.
        start: The approach whose best models label first.
        labeled: The split with labels of people that is trained on.
        pairs: Whether pseudo-labelled images are trained on as they are.
        copies: How many noisy copies of them are trained on; fixed: NUM_IMAGES_IM_PLUS, judged: as EvalNets advise.
        grows: Whether networks and noise grow from generation to generation.
        evalnets: Kind of the EvalNets that judge labels; "" for none.
    """

    step: str
    name: str
    labels: LabelKind
    numbers: tuple[int, ...]
    start: Literal["subset", "subset_aug"] = "subset"
    labeled: Literal["train_labeled", "train_labeled_aug"] = "train_labeled"
    pairs: bool = True
    copies: Literal["none", "one", "fixed", "judged"] = "none"
    grows: bool = False
    evalnets: str = ""

    def teachers(self, number: int) -> int:
        """Counts the networks that label together in the series with this n."""
        return 1 if self.labels == "mean_of_views" else number

    def part(self, number: int, generation: int, settings: MethodConfig) -> str:
        """Names a series of models: `n2_gen0_e0_d0_bi_True_bo_True`, as the study does."""
        parts = [*self._number(number), f"gen{generation}", *self._choices(settings)]
        return "_".join(parts)

    def chain(self, number: int, settings: MethodConfig) -> str:
        """Names a chain of generations: its part without the generation; "" if a run has one and nothing is chosen."""
        return "_".join([*self._number(number), *self._choices(settings)])

    def _number(self, number: int) -> list[str]:
        return [] if self.numbers == (1,) else [f"n{number}"]

    def _choices(self, settings: MethodConfig) -> list[str]:
        parts: list[str] = []
        if self.labels == "agreement":
            parts += [f"e{settings.erode_kernel}", f"d{settings.dilate_kernel}"]
            parts += [f"bi_{settings.block_input}", f"bo_{settings.block_output}"]
            parts += ["filtered"] if settings.filter_classes else []
        return parts
