"""The result JSON of a training: everything tables, report and later steps need to know of a model.

Written last, so that its existence means that the model and its scores are complete. Results may come from strangers:
numbers have a usual size, and names that become parts of paths are plain.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict, Field, PlainSerializer, PlainValidator, model_validator

from common.evaluation.metrics.metric import ClassScores, Counts, Metric, Score
from common.evaluation.metrics.registry import RANKING, image_metrics
from common.files.disk import write_json
from common.files.models import FileModel
from common.labels.maps import LabelMap
from common.results.areas import ImageAreas
from common.results.image_scores import ImageScoreTable
from common.results.job import Job

# The splits that every model is scored on.
SPLITS = ("val", "test", "train_unlabeled")
# Those that approaches are compared on. Only of these a result keeps the areas of classes in each image, because
# train_unlabeled has ten times as many images.
COMPARED_SPLITS = ("val", "test")
# Far above any second, loss or score; what is larger breaks scales.
_LARGEST = 1e12
# Of an epoch, far above any training.
_MOST_STEPS = 1e9
Number = Annotated[float, Field(ge=-_LARGEST, le=_LARGEST)]


def _read_counts(value: Any) -> Counts:
    counts = np.asarray(value)  # raises ValueError for rows of different lengths
    if counts.dtype.kind not in "iu" or counts.ndim != 2 or len(set(counts.shape)) != 1 or counts.min(initial=0) < 0:
        raise ValueError("expected a square of numbers of pixels")
    return counts.astype(np.int64)


class SplitScores(FileModel):
    """The scores of a model on a split: a key for each metric of the registry, and what they come from.

    Attributes:
        images: Scores of each image by its name, in the order of `image_metrics`.
        confusion: Pixels, `[truth, prediction]` in class indices.
        areas: Pixels of each class in each image, for intervals; None on splits that are not compared, and in
            results of earlier versions.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Number | dict[str, Number | None] | None]

    images: Annotated[Mapping[str, tuple[Number | None, ...]], AfterValidator(ImageScoreTable), PlainSerializer(dict)]
    confusion: Annotated[Counts, PlainValidator(_read_counts), PlainSerializer(lambda counts: counts.tolist())]
    areas: ImageAreas | None = None

    @model_validator(mode="after")
    def _check_ranking(self) -> Self:
        if self.mean(RANKING) is None:
            raise ValueError(f"{RANKING.key} is missing")
        if self.areas is not None:
            self.areas.unpack(len(self.images))  # raises ValueError if they are damaged
        return self

    def mean(self, metric: Metric) -> Score:
        """The score by a metric; None if there is none."""
        found = self.__pydantic_extra__.get(metric.key)
        return None if isinstance(found, dict) else found

    def of_classes(self, metric: Metric) -> ClassScores:
        """The score of each class by its name; empty if the metric has none."""
        found = self.__pydantic_extra__.get(metric.class_key)
        return found if isinstance(found, dict) else {}

    @property
    def image_table(self) -> ImageScoreTable:
        """The scores of the images."""
        return cast(ImageScoreTable, self.images)

    def image_areas(self, metric: Metric) -> NDArray[np.int32] | None:
        """Intersections and unions of the images, sorted by name, shape `(images, 2, classes)`; None without them."""
        if self.areas is None or self.areas.metric != metric.key:
            return None
        return self.areas.unpack(len(self.images))

    def of_images(self, metric: Metric) -> dict[str, Score]:
        """The score of each image by its name; empty if the metric does not score images."""
        place = next((place for place, each in enumerate(image_metrics()) if each.key == metric.key), None)
        if place is None:
            return {}
        return self.image_table.column(place)

    @property
    def ranking_score(self) -> float:
        """The score that ranks models: mIoU by the paper metric."""
        return cast(float, self.mean(RANKING))


class Result(FileModel):
    """What a training leaves beside the model.

    Attributes:
        model: Name of the model, as in file names.
        approach: As in `job.name`.
        identity: Fingerprint of the job.
        scores: By split.
        best_epoch: Counted from 0.
        history: An entry per epoch: loss, scores on val, seconds.
        seconds: How long training and scoring took.
        precision: What the training computed with.
        model_bytes: Size of the model file.
        peak_memory_mb: The most memory the process used; None where the system does not tell.
        machine: Where it was trained: "host", "device" and "visible_gpus"; empty in results of older versions.
        versions: Of the libraries.
        predictions: Splits whose predictions were written.
    """

    model: str
    approach: str
    identity: str
    scores: dict[str, SplitScores]
    best_epoch: int = Field(ge=0)
    history: list[dict[str, int | Number]]
    seconds: dict[str, Number]
    precision: str
    model_bytes: int
    peak_memory_mb: int | None
    job: Job
    machine: dict[str, str] = Field(default_factory=dict)
    versions: dict[str, str]
    predictions: list[str]

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        if (self.model, self.approach) != (self.job.model, self.job.name.approach):
            raise ValueError(f"model and approach are not those of job.name, {self.job.model}")
        size = len(self.job.classes)
        if wrong := [split for split, scores in self.scores.items() if len(scores.confusion) != size]:
            raise ValueError(f"the confusion of {wrong[0]} is not one of {size} classes")
        for place, entry in enumerate(self.history):
            if entry.get("epoch", place) != place or not 1 <= entry.get("steps", 1) <= _MOST_STEPS:
                found = f"epoch {entry.get('epoch', place)} with {entry.get('steps', 'unknown')}"
                raise ValueError(f"history: expected epoch {place} with at least 1 step, found {found}")
        return self

    @property
    def run(self) -> int:
        """Number of the run."""
        return self.job.name.run

    @property
    def index(self) -> int:
        """Index of the model in its run."""
        return self.job.name.index

    @property
    def label_map(self) -> LabelMap:
        """The classes."""
        return self.job.classes

    def write(self, path: Path) -> None:
        """Writes the result as JSON."""
        write_json(path, self.model_dump(mode="json"))
