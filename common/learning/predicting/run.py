"""One run of prediction: the networks, the folder of results, and messages before it starts."""

import logging

from common.learning.predicting.ensembles import load_ensemble
from common.learning.predicting.prediction import Outcome, predict_photographs
from common.learning.predicting.request import Plan
from common.learning.predicting.result_folder import merged_classes
from common.learning.predicting.video import predict_video

log = logging.getLogger(__name__)


def predict_files(plan: Plan) -> Outcome:
    """Predicts and writes the results.

    Raises:
        ProjectError: If a model or the folder cannot be used; then no result has been written.
    """
    request, folder = plan.request, plan.folder
    ensemble = load_ensemble(plan.models, request.size, request.tta, request.mixed)
    folder.open(plan.record, request.overwrite)
    if request.legend:
        folder.write_legend()
    if merged := merged_classes(ensemble.label_map):
        log.warning("classes of several labels are written as the smallest of their ids: %s", ", ".join(merged))
    if plan.video:
        return predict_video(ensemble, plan.video, folder, request.batch, request.video_ids)
    outcome = predict_photographs(ensemble, plan.found.photographs, folder, request.batch)
    outcome.failures[:0] = plan.found.faults
    return outcome
