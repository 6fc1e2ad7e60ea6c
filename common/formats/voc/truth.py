"""The ground truth of a frame in VOC's files, as pixels.

An object is a number in SegmentationObject; its label is that of most of its pixels in SegmentationClass. If that mask
is missing, number k is the k-th object of the XML. Pixels with a class and no object are stuff, or a crowd if the label
is counted. Numbers of stuff, which Datumaro writes, are dropped. Without a mask, the boxes of the XML are all there is.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError, LabelError
from common.files.sources import Source
from common.formats.class_masks import VOID, MaskCode, read_classes, read_object_numbers
from common.formats.frames import Annotation, BoxedObject, Segment
from common.formats.voc.boxes import BoxFile, read_boxes
from common.images.pictures import picture_size
from common.images.runs import count_keys
from common.labels.tables import plain_name

# A key is this times the object's number plus the class.
_BASE = 256
BoxOfFile = tuple[float, float, float, float]


@dataclass(frozen=True)
class VocTruth:
    """The annotation files of a frame: masks of classes and of objects, whose values `code` explains; the XML file.

    Attributes:
        image: The photograph, which gives the size where there is no mask.
    """

    classes: Source | None
    objects: Source | None
    boxes: Source | None
    code: MaskCode
    image: Source | None = None

    @property
    def has_masks(self) -> bool:
        """Whether it has pixels; one of the two masks is enough."""
        return self.classes is not None or self.objects is not None

    def load(self) -> Annotation:
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        file = read_boxes(self.boxes) if self.boxes is not None else BoxFile(None, [], [])
        if not self.has_masks:
            return self._boxes_alone(file)
        crowds = {plain_name(item.label) for item in file.segments if item.is_crowd}
        pairs = [pair for pair in zip(file.segments, file.boxes, strict=True) if not pair[0].is_crowd]
        boxed = [item for item, _ in pairs]
        numbers = read_object_numbers(self.objects) if self.objects is not None else None
        if self.classes is not None:
            classes = read_classes(self.classes, self.code)
        elif numbers is not None:
            classes = self._classes_of_names(numbers, boxed)
        else:
            raise DataError(f"{self.boxes}: there is no mask of this frame; expected one of classes or of objects")
        keys = classes.astype(np.uint16) if numbers is None else self._join(numbers, classes)
        keys, dropped = _drop_loose(keys, self.code)
        segments = _segments(keys, self.code, crowds, boxed)
        objects = len({key // _BASE for key in segments} - {0})
        counts = Counter(one.label for one in segments.values() if one.number is not None)
        boxes = self._boxes(pairs[objects:], counts, dropped)
        return Annotation(keys, segments, dropped=+dropped, boxes=boxes)

    def _boxes_alone(self, file: BoxFile) -> Annotation:
        size_wh = file.size_wh or (picture_size(self.image) if self.image is not None else None)
        if size_wh is None:
            raise DataError(f"{self.boxes}: gives no size, and there is no photograph; expected one of the two")
        dropped: Counter[str] = Counter()
        boxes = self._boxes(list(zip(file.segments, file.boxes, strict=True)), Counter(), dropped)
        pixels = np.zeros(size_wh[::-1], np.uint16)
        return Annotation(pixels, {}, None, dropped, boxes, lacks_pixels=True, lacks_objects=bool(dropped))

    def _boxes(
        self, pairs: Sequence[tuple[Segment, BoxOfFile | None]], counts: Counter[str], dropped: Counter[str]
    ) -> tuple[BoxedObject, ...]:
        """Gives objects that have a box and no pixel; numbers follow `counts`, `dropped` gets what cannot be one."""
        boxes = []
        for item, box in pairs:
            value = self.code.value_of_name.get(plain_name(item.label))
            if value is None or box is None:
                dropped["objects without a box" if value is not None else "boxes of labels not in the label file"] += 1
                continue
            name = self.code.names[value]
            is_counted = name in self.code.counted and not item.is_crowd
            boxes.append(BoxedObject(Segment(name, counts[name] if is_counted else None, item.is_crowd), box))
            counts[name] += is_counted
        return tuple(boxes)

    def _join(self, numbers: NDArray[np.integer], classes: NDArray[np.uint8]) -> NDArray[np.integer]:
        if numbers.shape != classes.shape:
            sizes = [f"{shape[1]} x {shape[0]}" for shape in (numbers.shape, classes.shape)]
            raise DataError(f"{self.objects}: has {sizes[0]} pixels, {self.classes} has {sizes[1]}; expected the same")
        dtype: type[np.integer] = np.uint16 if int(numbers.max(initial=0)) < _BASE else np.int32
        return numbers.astype(dtype) * dtype(_BASE) + classes

    def _classes_of_names(self, numbers: NDArray[np.integer], boxed: Sequence[Segment]) -> NDArray[np.uint8]:
        """Makes the mask of classes from the names in the XML."""
        value_of = self.code.value_of_name
        background = self.code.names.index(self.code.background) if self.code.background else VOID
        table = np.full(int(numbers.max(initial=0)) + 1, background, np.uint8)
        for number in map(int, np.unique(numbers[numbers > 0])):
            if number > len(boxed):
                raise DataError(
                    f"{self.objects}: holds object {number}, but there is no mask of classes, and "
                    f"{self.boxes or 'no XML file'} names {len(boxed)} objects; expected one of the two"
                )
            name = boxed[number - 1].label
            if plain_name(name) not in value_of:
                raise LabelError(f"{self.boxes}: object {number}: the label {name[:60]!r} is not in the label file")
            table[number] = value_of[plain_name(name)]
        return table[numbers]


def _drop_loose(keys: NDArray[np.integer], code: MaskCode) -> tuple[NDArray[np.integer], Counter[str]]:
    """Takes the number off pixels not of their object's class, or of a class without objects; counts these and void."""
    areas = count_keys(keys)
    classes: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for key, area in areas.items():
        number, value = divmod(key, _BASE)
        if number and code.segment(value) is not None:
            classes[number][value] = area
    own = {number: found.most_common(1)[0][0] for number, found in classes.items()}
    dropped = Counter({"pixels of VOC's void border": sum(area for key, area in areas.items() if _is_void(key, code))})
    loose = []
    for key, area in areas.items():
        number, value = divmod(key, _BASE)
        if number and (own.get(number) != value or code.names[value] not in code.counted):
            loose.append(key)
            dropped["pixels of an object that are not of its class"] += area if own.get(number) != value else 0
    if loose:
        keys = np.where(np.isin(keys, loose), keys % _BASE, keys).astype(keys.dtype)
    return keys, dropped


def _is_void(key: int, code: MaskCode) -> bool:
    return key % _BASE == VOID and len(code.names) <= VOID


def _segments(
    keys: NDArray[np.integer], code: MaskCode, crowds: Container[str], boxed: Sequence[Segment]
) -> dict[int, Segment]:
    """Lists what the keys stand for: stuff and crowds, then objects in the order of their numbers."""
    segments: dict[int, Segment] = {}
    objects = []
    for key in count_keys(keys):
        number, value = divmod(key, _BASE)
        segment = code.segment(value)
        if segment is None:
            continue
        if number:
            objects.append((key, number, segment.label))
        elif plain_name(segment.label) in crowds:
            segment = replace(segment, is_crowd=True)
        segments[key] = segment
    numbers = _numbers_of_names(objects, boxed)
    counted: Counter[str] = Counter()
    for key, _, label in objects:
        segments[key] = Segment(label, numbers.get(key, counted[label]))
        counted[label] += 1
    return segments


def _numbers_of_names(objects: Sequence[tuple[int, int, str]], boxed: Sequence[Segment]) -> dict[int, int]:
    """Finds the number of each object among those of its label, by key; nothing unless the XML has all of them."""
    numbers: dict[int, int] = {}
    names = set()
    for key, number, label in objects:
        item = boxed[number - 1] if number <= len(boxed) else None
        if item is None or item.number is None or plain_name(item.label) != plain_name(label):
            return {}
        numbers[key] = item.number
        names.add((label, item.number))
    return numbers if len(names) == len(objects) else {}
