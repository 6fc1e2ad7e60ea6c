"""What the pixels of each class are taken for."""

from collections.abc import Iterator

from common.evaluation.metrics.official import EVALUATED, is_defined
from common.labels.maps import LabelMap
from common.report.charts.confusion import confusion_chart
from common.report.content import Figure, Section
from common.report.material import Material


def confusion_section(material: Material) -> Section | None:
    """Makes the section of the confusion matrices, one of the best model of each approach; None without models."""
    if not material.scores:
        return None
    figures: list[Figure] = []
    views = tuple(dict.fromkeys(name for one in material.results.approaches for name, _ in _views(one.label_map)))
    for approach in reversed(material.results.approaches):
        best = approach.best
        title = f"{approach.name}: {best.model} on {material.split}"
        confusion = best.scores[material.split].confusion
        drawn = [
            (views.index(name) + 1, *confusion_chart(title, confusion, approach.label_map.names, judged))
            for name, judged in _views(approach.label_map)
        ]
        numbers, drawings, tables = zip(*drawn, strict=True)
        shown_by = tuple(numbers) if len(views) > 1 else ()
        figures.append(Figure(title, tuple(drawings), tables[0], folded=bool(figures), views=shown_by))
    sentence = (
        "What the pixels of each class are taken for, by the model of each approach with the highest mIoU_val. A row "
        "is a true class, a column is what was predicted; the stronger the colour, the larger the share of the row. "
        "Correct pixels lie on the diagonal. Point at a cell for its numbers."
    )
    return Section("confusions", "Confusions", (sentence,), tuple(figures), views=views if len(views) > 1 else ())


def _views(label_map: LabelMap) -> Iterator[tuple[str, tuple[int, ...] | None]]:
    """Names the choices of classes, and lists the class indices of each; None for all."""
    yield "all classes", None
    if is_defined(label_map):
        evaluated = tuple(sorted(label_map.class_of_id[id_] for id_ in EVALUATED))
        if len(evaluated) < len(label_map):
            yield f"the {len(evaluated)} evaluated classes", evaluated
    void = set(label_map.void_classes)
    if void:
        yield "without void", tuple(index for index in range(len(label_map)) if index not in void)
