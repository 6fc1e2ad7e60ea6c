import pytest

from common.errors import ConfigError
from common.learning.predicting.argument_order import refuse_swapped


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder `models` with one model, a folder `photos` with one photograph, and a video; all are empty files."""
    folder = tmp_path_factory.mktemp("here")
    for file in ("models/a.keras", "photos/p.png", "both/a.keras", "both/deep/p.png", "clip.mp4"):
        (folder / file).parent.mkdir(exist_ok=True, parents=True)
        (folder / file).touch()
    return folder


@pytest.mark.parametrize(
    ("model", "source", "message"),
    [
        (
            "photos/p.png",
            "models/a.keras",
            r"INPUT .*a\.keras: is a model, and MODEL .*p\.png is not; are they swapped",
        ),
        ("photos", "models/a.keras", r"INPUT .*a\.keras: is a model, and MODEL .*photos is not; are they swapped"),
        ("photos", "models", r"INPUT .*models: is a folder of models, and MODEL .*photos is not; are they swapped"),
        ("clip.mp4", "models/a.keras", r"and MODEL .*clip\.mp4 is not; are they swapped"),
        ("models/a.keras", "models/a.keras", "INPUT .*: is a model; is the photograph missing"),
        ("photos/p.png", "photos/p.png", r"MODEL .*p\.png: is a photograph; expected a \.keras file"),
    ],
)
def test_arguments_in_another_order_are_recognised(here, model, source, message):
    with pytest.raises(ConfigError, match=rf"{message}.* the order is MODEL INPUT OUT"):
        refuse_swapped([here / model], here / source, here / "out")


def test_a_file_as_the_folder_of_results_is_refused(here):
    with pytest.raises(ConfigError, match=r"OUT .*clip\.mp4: is a file; expected a new folder"):
        refuse_swapped([here / "models"], here / "photos", here / "clip.mp4")


@pytest.mark.parametrize("source", ["photos", "photos/p.png", "clip.mp4", "both", "nothing"])
def test_what_can_be_meant_goes_on(here, source):
    refuse_swapped([here / "models", here / "models" / "a.keras", here / "missing"], here / source, here / "out")
