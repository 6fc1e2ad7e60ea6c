"""Maps from label ids to the classes a network predicts.

A map is checked when it is made, also from JSON: the classes have names, colours and ids that fit together. Masks have
8 bits, so there are at most 255 classes, and `IGNORE` for pixels of none.
"""

from functools import cached_property
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from common.errors import LabelError
from common.labels.cityscapes import IGNORE, LABEL_OF_ID, LABELS, LARGEST_ID
from common.text import count

_Byte = Annotated[int, Field(strict=True, ge=0, le=255)]
# Class index for the label ids 0 to 33, in order; `IGNORE` for a label that belongs to no class.
ClassOfId = Annotated[tuple[_Byte, ...], Field(min_length=LARGEST_ID + 1, max_length=LARGEST_ID + 1)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class LabelMap:
    """What a network predicts: the classes, and which label ids each stands for.

    A field of a pydantic model may have this type; its JSON form is that of `as_json`.

    Attributes:
        names: Class names by class index.
        colors: Red, green, blue by class index.
        class_of_id: Class index for the label ids 0 to 33, in order; `IGNORE` for a label that belongs to no class.
    """

    names: Annotated[tuple[Annotated[str, Field(strict=True)], ...], Field(min_length=1, max_length=IGNORE)]
    colors: tuple[tuple[_Byte, _Byte, _Byte], ...]
    class_of_id: ClassOfId

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in self.names:
            if not name.isprintable():
                raise ValueError(f"the class name {name!r} cannot be printed")
        if len(self.colors) != len(self.names):
            found = f"{count(len(self.names), 'class', 'classes')} and {count(len(self.colors), 'colour')}"
            raise ValueError(f"there are {found}; expected one colour for each class")
        for id_, class_index in enumerate(self.class_of_id):
            if class_index >= len(self.names) and class_index != IGNORE:
                raise ValueError(f"the label id {id_} has the class {class_index}, but there are {len(self.names)}")
        return self

    def __len__(self) -> int:
        return len(self.names)

    @property
    def ignores(self) -> bool:
        """Whether there are labels that belong to no class."""
        return IGNORE in self.class_of_id

    @property
    def void_classes(self) -> tuple[int, ...]:
        """Indices of the classes that stand for labels of the category void alone."""
        categories: list[set[str]] = [set() for _ in self.names]
        for id_, class_index in enumerate(self.class_of_id):
            if class_index != IGNORE:
                categories[class_index].add(LABEL_OF_ID[id_].category)
        return tuple(index for index, found in enumerate(categories) if found == {"void"})

    def as_json(self) -> dict[str, object]:
        """Makes JSON-able values of the map."""
        return {
            "names": list(self.names),
            "colors": [list(color) for color in self.colors],
            "class_of_id": list(self.class_of_id),
        }

    @cached_property
    def _encoding(self) -> NDArray[np.uint8]:
        table = np.zeros(256, np.uint8)
        table[: len(self.class_of_id)] = self.class_of_id
        return table

    @cached_property
    def _decoding(self) -> NDArray[np.uint8]:
        table = np.zeros(256, np.uint8)
        for id_, class_index in reversed(tuple(enumerate(self.class_of_id))):
            if class_index != IGNORE:
                table[class_index] = id_
        return table

    @cached_property
    def _palette(self) -> NDArray[np.uint8]:
        table = np.zeros((256, 3), np.uint8)
        table[: len(self.colors)] = self.colors
        return table

    def encode(self, ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Replaces label ids, in any shape, by class indices; `IGNORE` for a label that belongs to no class.

        Raises:
            LabelError: If a value is not a label id of this map; names the value.
        """
        largest = int(ids.max(initial=0))
        if largest >= len(self.class_of_id):
            raise LabelError(f"the value {largest} is not a label id; they go from 0 to {len(self.class_of_id) - 1}")
        return self._encoding[ids]

    def decode(self, class_indices: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Replaces class indices, in any shape, by label ids, the smallest one where a class stands for several.

        The id is 0 for a class no id belongs to, and for `IGNORE`.
        """
        return self._decoding[class_indices]

    def colorize(self, class_indices: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Replaces class indices, in any shape, by red, green, blue on a further axis; black for `IGNORE`."""
        return self._palette[class_indices]


def study_label_map() -> LabelMap:
    """Builds the 35 classes of the study: id 0 stays 0 and id k > 0 becomes class k + 1.

    Class 0 means "unlabeled" and, in the study's later steps, the inconsistency mask; class 1 never occurs. Class 8 is
    road, class 34 is bicycle. The colours are the official ones.
    """
    painted = LABELS[: LARGEST_ID + 1]
    names = ("unlabeled", "never used", *(label.name for label in painted[1:]))
    colors = ((0, 0, 0), (0, 0, 0), *(label.color for label in painted[1:]))
    return LabelMap(names, colors, (0, *range(2, LARGEST_ID + 2)))
