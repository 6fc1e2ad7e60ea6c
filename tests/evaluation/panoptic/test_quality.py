import json
import math

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as official
from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic

from common.errors import DataError
from common.evaluation.panoptic.quality import evaluate_panoptic
from common.images.png import encode_image, encode_mask
from tests.support.blocks import damaged_segments, draw_tree, write_segments, write_tree

NAME = "cityscapes_panoptic_val"
FRAME = "blocks_000000_000000"


def score_officially(truth_json, prediction_json, target, monkeypatch):
    monkeypatch.setattr(
        official, "pq_compute_multi_core", lambda pairs, *rest: official.pq_compute_single_core(0, pairs, *rest)
    )
    folders = [str(path.with_suffix("")) for path in (truth_json, prediction_json)]
    official.evaluatePanoptic(str(truth_json), folders[0], str(prediction_json), folders[1], str(target))
    return json.loads(target.read_text())


def assert_equal(ours, theirs):
    """Holds our result against theirs, which has 0 where a class is nowhere."""
    for name in ("All", "Things", "Stuff"):
        assert ours[name] == pytest.approx(theirs[name], abs=1e-9)
    assert ours["per_class"].keys() == theirs["per_class"].keys()
    for id_, their_class in theirs["per_class"].items():
        our_class = ours["per_class"][id_]
        assert {key: our_class[key] or 0.0 for key in their_class} == pytest.approx(their_class, abs=1e-9), id_
        assert (our_class["pq"] is None) == (not our_class["matched"] + our_class["wrong"] + our_class["missed"])


@pytest.mark.parametrize("seed", range(4))
def test_it_equals_the_official_evaluator_on_damaged_blocks(tmp_path, monkeypatch, seed):
    rng = np.random.default_rng(seed)
    drawn = draw_tree(tmp_path, 10, seed)
    convert2panoptic(str(tmp_path / "gtFine"), str(tmp_path), setNames=["val"])
    prediction = write_segments(tmp_path, {name: damaged_segments(values, rng) for name, values in drawn.items()})
    theirs = score_officially(tmp_path / f"{NAME}.json", prediction, tmp_path / "official.json", monkeypatch)
    assert 0.1 < theirs["All"]["pq"] < 0.9
    assert_equal(evaluate_panoptic(prediction, tmp_path / f"{NAME}.json").as_json(), theirs)
    (tmp_path / "tree").mkdir()
    write_tree(tmp_path / "tree", drawn)
    assert_equal(evaluate_panoptic(prediction, tmp_path / "tree", workers=2 if seed == 0 else 1).as_json(), theirs)


def test_it_equals_the_official_evaluator_on_drawn_streets(tmp_path, demo_tree, monkeypatch):
    (tmp_path / "truth").mkdir()
    convert2panoptic(str(demo_tree / "gtFine"), str(tmp_path / "truth"), setNames=["val"])
    content = json.loads((tmp_path / "truth" / f"{NAME}.json").read_text())
    frames = [item["file_name"] for item in content["annotations"]]
    # Each frame is predicted as the next one.
    for item, file_name in zip(content["annotations"], frames[1:] + frames[:1], strict=True):
        item["file_name"] = file_name
    infos = [item["segments_info"] for item in content["annotations"]]
    for item, info in zip(content["annotations"], infos[1:] + infos[:1], strict=True):
        item["segments_info"] = info
    (tmp_path / f"{NAME}.json").write_text(json.dumps(content))
    (tmp_path / NAME).symlink_to(tmp_path / "truth" / NAME)
    truth, prediction = tmp_path / "truth" / f"{NAME}.json", tmp_path / f"{NAME}.json"
    theirs = score_officially(truth, prediction, tmp_path / "official.json", monkeypatch)
    assert_equal(evaluate_panoptic(tmp_path, demo_tree).as_json(), theirs)
    perfect = evaluate_panoptic(tmp_path / "truth", demo_tree)
    assert {perfect.quality(id_)["pq"] for id_ in perfect.counts} == {1.0}


def one_frame(tmp_path, values, ids, categories):
    write_tree(tmp_path / "tree", {FRAME: np.array(values, np.uint16)})
    return write_segments(tmp_path, {FRAME: (np.array(ids, np.uint32), categories)}), tmp_path / "tree"


def test_quality_by_hand(tmp_path):
    # Road: 4 of 6 pixels in common, so IoU 4/6. The car of 2 pixels is missed. A second car is wrong. Void is ignored.
    values = [[7, 7, 7, 7, 7, 26000, 26000, 0]]
    ids = [[1, 1, 1, 1, 2, 2, 1, 2]]
    scores = evaluate_panoptic(*one_frame(tmp_path, values, ids, {1: 7, 2: 26}))
    # Segment 2 has 3 pixels, 1 on void: union with the car 3 + 2 - 1 - 1 = 3, IoU 1/3. Road: 5 + 5 - 4 = 6.
    assert scores.quality(7) == pytest.approx({"pq": 4 / 6, "sq": 4 / 6, "rq": 1.0})
    assert scores.quality(26) == {"pq": 0.0, "sq": 0.0, "rq": 0.0}
    assert scores.average() == pytest.approx({"pq": 2 / 6, "sq": 2 / 6, "rq": 0.5, "n": 2})
    assert (scores.counts[26].wrong, scores.counts[26].missed) == (1, 1)
    assert scores.quality(8)["pq"] is None


def test_a_prediction_mostly_on_a_group_or_void_is_neither_right_nor_wrong(tmp_path):
    values = [[7, 7, 26, 26, 26, 0, 7, 7]]
    for id_, ids in ((26, [[1, 1, 2, 2, 2, 2, 1, 1]]), (24, [[1, 1, 1, 1, 1, 2, 1, 1]])):
        folder = tmp_path / str(id_)
        scores = evaluate_panoptic(*one_frame(folder, values, ids, {1: 7, 2: id_}))
        assert set(scores.counts) == {7}


def test_the_table_shows_a_dash_for_what_is_nowhere_and_json_null(tmp_path):
    scores = evaluate_panoptic(*one_frame(tmp_path, [[7, 7]], [[3, 3]], {3: 7}))
    lines = scores.lines()
    assert [line.split()[:4] for line in lines[2:4]] == [
        ["road", "100.0", "100.0", "100.0"],
        ["sidewalk", "-", "-", "-"],
    ]
    assert lines[-2].split() == ["Things", "-", "-", "-", "0", "classes"]
    assert json.loads(json.dumps(scores.as_json(), allow_nan=False))["Things"] == {
        "pq": None,
        "sq": None,
        "rq": None,
        "n": 0,
    }
    assert math.isclose(scores.average()["pq"], 1.0)


@pytest.fixture
def good(tmp_path):
    return one_frame(tmp_path, [[7, 7, 26000, 26000]], [[1, 1, 2, 2]], {1: 7, 2: 26})


def change(path, edit):
    content = json.loads(path.read_text())
    result = edit(content["annotations"], content)
    path.write_text(json.dumps(content if result is None else result))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda items, _: items[0]["segments_info"].__delitem__(1),
            r"000000\.png: has pixels of segment 2, which the JSON file",
        ),
        (
            lambda items, _: items[0]["segments_info"].append({"id": 9, "category_id": 7}),
            r"000000\.png: has no pixels of segment 9",
        ),
        (
            lambda items, _: items[0]["segments_info"][0].update(category_id=0),
            "prediction.json: .* has the category_id 0",
        ),
        (lambda items, _: items[0]["segments_info"][0].update(id=2), "the id 2 is there already"),
        (lambda items, _: items[0]["segments_info"][0].update(id=2**24), "segment 0: id is '16777216'"),
        (lambda items, _: items[0].update(file_name="../secret.png"), "file_name is '../secret.png'"),
        (lambda items, _: items[0].update(file_name="\ud800.png"), r"\?\.png"),
        (lambda items, _: items[0].update(file_name="other.png"), r"other\.png"),
        (lambda items, _: items[0].update(image_id=None), "image_id is 'None'"),
        (
            lambda items, _: items[0].update(image_id="x"),
            "prediction for no frame of the truth; .* blocks_000000_000000.* x$",
        ),
        (lambda items, _: items.append(items[0]), "is there already"),
        (lambda items, _: items[0].__delitem__("segments_info"), "is this a file of instances"),
        (lambda items, content: [], "annotations"),
        (lambda items, content: {"images": []}, "annotations"),
    ],
)
def test_a_wrong_prediction_is_named(good, edit, message):
    prediction, truth = good
    change(prediction, edit)
    with pytest.raises(DataError, match=message):
        evaluate_panoptic(prediction, truth)


def test_a_frame_without_prediction_is_named(good, tmp_path):
    values = np.full((1, 4), 7, np.uint16)
    write_tree(tmp_path / "tree", {"blocks_000000_000001": values})
    with pytest.raises(DataError, match="has no prediction for 1 of 2 frames of the truth, .* blocks_000000_000001"):
        evaluate_panoptic(*good)


def test_only_splits_that_are_predicted_count(good, tmp_path):
    write_tree(tmp_path, {"blocks_000000_000001": np.full((1, 4), 7, np.uint16)})
    (tmp_path / "gtFine" / "val").rename(good[1] / "gtFine" / "train")
    assert evaluate_panoptic(*good).frames == 1


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (encode_image(np.zeros((2, 4, 3), np.uint8)), r"000000\.png: has 4 x 2 pixels, the truth .*Ids\.png has 4 x 1"),
        (encode_mask(np.zeros((1, 4), np.uint8)), "8-bit gray"),
        (b"no picture", "is not a PNG"),
    ],
)
def test_a_wrong_picture_is_named(good, pixels, message):
    prediction, truth = good
    (prediction.with_suffix("") / f"{FRAME}.png").write_bytes(pixels)
    with pytest.raises(DataError, match=message):
        evaluate_panoptic(prediction, truth)


def test_a_truth_that_cannot_tell_objects_apart_is_refused(good):
    prediction, truth = good
    file = next(truth.rglob("*_instanceIds.png"))
    file.with_name(file.name.replace("instanceIds", "labelIds")).write_bytes(encode_mask(np.full((1, 4), 7, np.uint8)))
    file.unlink()
    with pytest.raises(DataError, match="has labelIds, but neither instanceIds nor polygons"):
        evaluate_panoptic(prediction, truth)


def test_a_truth_whose_areas_are_of_other_pixels_is_refused(good, tmp_path):
    prediction, tree = good
    convert2panoptic(str(tree / "gtFine"), str(tmp_path), setNames=["val"])
    change(tmp_path / f"{NAME}.json", lambda items, _: items[0]["segments_info"][0].update(area=5))
    with pytest.raises(DataError, match="the segment 7 has 2 pixels, the JSON file says 5"):
        evaluate_panoptic(prediction, tmp_path / f"{NAME}.json")


def test_a_folder_without_predictions_is_named(tmp_path, good):
    with pytest.raises(DataError, match=r"gone\.json: does not exist"):
        evaluate_panoptic(tmp_path / "gone.json", good[1])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty: .*<name>\.json"):
        evaluate_panoptic(tmp_path / "empty", good[1])
