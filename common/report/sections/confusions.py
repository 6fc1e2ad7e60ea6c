"""What the pixels of each class are taken for."""

from common.report.charts.confusion import confusion_chart
from common.report.content import Figure, Section
from common.report.material import Material


def confusion_section(material: Material) -> Section | None:
    """Makes the section of the confusion matrices, one of the best model of each approach; None without models."""
    if not material.scores:
        return None
    figures: list[Figure] = []
    for approach in reversed(material.results.approaches):
        best = approach.best
        title = f"{approach.name}: {best.model} on {material.split}"
        confusion = best.scores[material.split].confusion
        drawing, table = confusion_chart(title, confusion, approach.label_map.names)
        figures.append(Figure(title, (drawing,), table, folded=bool(figures)))
    sentence = (
        "What the pixels of each class are taken for, by the model of each approach with the highest mIoU_val. A row "
        "is a true class, a column is what was predicted; the stronger the colour, the larger the share of the row. "
        "Correct pixels lie on the diagonal."
    )
    return Section("confusions", "Confusions", (sentence,), tuple(figures))
