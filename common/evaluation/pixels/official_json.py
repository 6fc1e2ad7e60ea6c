"""The result of an evaluation as JSON: the keys and the form of the official script, valid JSON.

Where the official file has NaN, this one has null. What the official file does not have is in the keys "paper" and
"protocol"; the keys of "perImageScores" are frame names, and its numbers are what their names say.
"""

from typing import TYPE_CHECKING, Any

from common.evaluation.metrics.metric import mean_over_classes
from common.evaluation.metrics.official import CATEGORIES
from common.evaluation.metrics.registry import image_metrics
from common.labels.cityscapes import LABELS, LARGEST_ID

if TYPE_CHECKING:
    from common.evaluation.pixels.scores import PixelScores

VERSION = 1


def scores_as_json(scores: "PixelScores") -> dict[str, Any]:
    """Makes JSON-able values of all scores."""
    result = _official(scores) if scores.has_official else {}
    if scores.has_paper:
        result["paper"] = _paper(scores)
    result["protocol"] = {
        "version": VERSION,
        "protocol": scores.protocol,
        "truth": str(scores.truth),
        "truthValues": scores.truth_values.kind,
        "predictions": str(scores.predictions),
        "predictionValues": scores.prediction_values.kind,
        "labelMap": scores.truth_values.label_map.as_json(),
        "frames": scores.frames,
        "sizes": [list(size) for size in sorted(scores.sizes_wh)],
        "noOfficialScores": scores.no_official or None,
        "noInstanceScores": scores.no_instances or None,
        "noPaperScores": scores.no_paper or None,
        "notes": list(scores.notes),
    }
    return result


def _official(scores: "PixelScores") -> dict[str, Any]:
    painted = [label for label in LABELS if 0 <= label.id <= LARGEST_ID]
    in_truth, total = scores.confusion.sum(axis=1).tolist(), int(scores.confusion.sum())
    by_class, by_category = scores.class_iou, scores.category_iou
    class_instances, category_instances = scores.class_iiou, scores.category_iiou
    return {
        "confMatrix": scores.confusion.tolist(),
        "priors": {label.name: in_truth[label.id] / total for label in painted},
        "labels": {label.name: label.id for label in painted},
        "classScores": {label.name: by_class.get(label.name) for label in painted},
        "classInstScores": {label.name: class_instances.get(label.name) for label in painted},
        "categoryScores": {name: by_category.get(name) for name in CATEGORIES},
        "categoryInstScores": {name: category_instances.get(name) for name in CATEGORIES},
        "averageScoreClasses": mean_over_classes(by_class),
        "averageScoreInstClasses": mean_over_classes(class_instances),
        "averageScoreCategories": mean_over_classes(by_category),
        "averageScoreInstCategories": mean_over_classes(category_instances),
        "perImageScores": {
            name: {"nbNotIgnoredPixels": pixels, "nbCorrectPixels": right, "meanClassScore": mean}
            for name, (pixels, right, mean) in scores.official_images.items()
        },
    }


def _paper(scores: "PixelScores") -> dict[str, Any]:
    result: dict[str, Any] = {}
    for metric, mean, interval in zip(image_metrics(), scores.paper_means, scores.paper_intervals, strict=True):
        result |= {metric.key: mean, f"{metric.key}Interval": list(interval)}
    return {
        **result,
        "images": {name: list(pair) for name, pair in scores.paper_images.items()},
        "class_IoU": scores.pooled_iou,
        "confusion": scores.class_confusion.tolist(),
    }
