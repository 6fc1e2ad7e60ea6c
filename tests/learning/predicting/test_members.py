from pathlib import Path

import pytest

from common.errors import ConfigError, DataError
from common.labels.map_files import load_label_map
from common.labels.maps import LabelMap, study_label_map
from common.learning.network.model_card import ModelCard
from common.learning.predicting.members import check_members, describe_members

MAP = study_label_map()
A, B, C = (Path("models") / f"{name}.keras" for name in "abc")


def card(label_map=MAP, preparation="study", recipe="paper"):
    return ModelCard(name="a", label_map=label_map, size_wh=(32, 16), preparation=preparation, recipe=recipe)


RENAMED = LabelMap(("void", *MAP.names[1:]), MAP.colors, MAP.class_of_id)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (card(recipe="modern"), r"a.keras \(paper\) and .*c.keras \(modern\): have different recipes"),
        (card(preparation="aligned"), r"a.keras \(study\) and .*c.keras \(aligned\): have different preparations"),
        (card(RENAMED), "a.keras and .*c.keras: have different names or colours of classes"),
    ],
)
def test_models_of_different_kinds_are_mixed_only_when_told(other, what):
    cards = {A: card(), B: card(), C: other}
    with pytest.raises(ConfigError, match=what):
        check_members(cards)
    check_members(cards, mixed=True)


def test_models_of_different_classes_are_never_mixed():
    with pytest.raises(DataError, match=r"predict different classes \(35 and 19\)"):
        check_members({A: card(), B: card(load_label_map("cityscapes19"))}, mixed=True)


def test_a_model_that_does_not_say_its_recipe_fits_to_any():
    check_members({A: card(recipe=""), B: card(recipe="modern"), C: card(recipe="modern")})


def test_how_many_and_which_models_are_used_is_said():
    assert describe_members([A, B], 2) == "the mean of 2 models decides: a.keras, b.keras"
    assert describe_members([A, B], 3) == (
        "the mean of 2 models decides: a.keras, b.keras; left out: 1 file equal to one of these"
    )
    assert describe_members([A], 2) == "one model decides: a.keras; left out: 1 file equal to one of these"
    assert describe_members([A, Path("other/b.keras")], 2).endswith(": models/a.keras, other/b.keras")


def test_of_many_models_the_first_are_named_and_where_all_are():
    files = [Path(f"models/{number}.keras") for number in range(100, 150)]
    text = describe_members(files, 50)
    assert text.startswith("the mean of 50 models decides: 100.keras, ")
    assert text.endswith("and 38 more; prediction.json in OUT lists all")
