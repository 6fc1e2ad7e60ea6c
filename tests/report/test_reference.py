from common.config.settings import NetworkSettings
from common.report.folders import Folder
from common.report.reference import study_value
from common.results.reading import Approach
from tests.support.made_up_results import make_result


def test_the_studys_number_stands_beside_only_what_can_be_compared():
    folders = {"train_labeled": Folder("train_labeled", "01", frames=297)}

    def value(**training):
        training = {"num_epochs": 50, "batch_size": 32, **training}
        result = make_result("subset", training=training, job={"network": NetworkSettings(height=208, width=416)})
        return study_value(Approach("subset", {run: [result] * 10 for run in (1, 2, 3)}), folders)

    assert value() == (0.310, ())
    assert value(num_epochs=49) == (None, ("NUM_EPOCHS = 49 (the study: 50)",))
    reasons = ("ONLINE_SCALE = 0.5, 2.0 (the study: 1.0, 1.0)", "BATCHNORM_RECALIBRATION = True (the study: False)")
    assert value(batchnorm_recalibration=True, scale=(0.5, 2.0)) == (None, reasons)
