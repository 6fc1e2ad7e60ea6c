import io
import json

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling as official
from PIL import Image

from common.dataset.original.layouts import find_frames
from common.errors import DataError
from common.evaluation.instances.precision import OVERLAPS, evaluate_instances
from common.images.png import encode_instance_mask, encode_mask, read_instance_mask
from tests.support.blocks import SHAPE, damaged_masks, draw_tree, write_masks, write_tree

FRAME = "blocks_000000_000000"


@pytest.fixture
def score_officially(tmp_path, monkeypatch):
    """The official evaluator, as a function of the folder of predictions and the files of the truth."""
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)
    monkeypatch.setattr(official, "writeDict2JSON", lambda *_: None)  # caches, which it cannot write with numpy 2
    for name, value in {"JSONOutput": False, "quiet": True, "gtInstancesFile": str(tmp_path / "none.json")}.items():
        monkeypatch.setattr(official.args, name, value)

    def score(folder, truth):
        monkeypatch.setattr(official.args, "predictionPath", str(folder))
        monkeypatch.setattr(official.args, "predictionWalk", None)
        truth = [str(path) for path in truth]
        return official.evaluateImgLists(
            [official.getPrediction(path, official.args) for path in truth], truth, official.args
        )

    return score


def assert_equal(ours, theirs):
    """Holds our result against theirs, which has NaN where ours has None."""
    assert ours["instLabels"] == theirs["instLabels"]
    assert ours["overlaps"] == theirs["overlaps"]
    matrices = (np.array(result["resultApMatrix"], float) for result in (ours, theirs))
    np.testing.assert_allclose(*matrices, rtol=0, atol=1e-9, equal_nan=True)
    for key in ("allAp", "allAp50%"):
        assert ours["averages"][key] == pytest.approx(theirs["averages"][key], abs=1e-9)
    for name, their_class in theirs["averages"]["classes"].items():
        our_class = ours["averages"]["classes"][name]
        values = {key: np.nan if our_class[key] is None else our_class[key] for key in their_class}
        assert values == pytest.approx(their_class, abs=1e-9, nan_ok=True), name


@pytest.mark.parametrize("seed", range(4))
def test_it_equals_the_official_evaluator_on_damaged_blocks(tmp_path, score_officially, seed):
    rng = np.random.default_rng(seed)
    drawn = draw_tree(tmp_path, 10, seed)
    for name, values in drawn.items():
        write_masks(tmp_path / "predicted", name, damaged_masks(values, rng))
    theirs = score_officially(tmp_path / "predicted", sorted(tmp_path.rglob("*_instanceIds.png")))
    assert 0.1 < theirs["averages"]["allAp"] < 0.9
    assert_equal(evaluate_instances(tmp_path / "predicted", tmp_path, workers=2 if seed == 0 else 1).as_json(), theirs)


def test_it_equals_the_official_evaluator_on_drawn_streets(tmp_path, demo_tree, score_officially):
    rng = np.random.default_rng(0)
    paths = [frame.files["instanceIds"].path for frame in find_frames(demo_tree) if frame.split == "val"]
    for path in paths:
        values = read_instance_mask(path)
        objects = [value for value in np.unique(values) if value >= 1000 and value // 1000 not in (29, 30)]
        predicted = [(np.roll(values == value, 1, 1), int(value) // 1000, rng.random()) for value in objects]
        write_masks(tmp_path / "predicted", path.name.removesuffix("_gtFine_instanceIds.png"), predicted)
    theirs = score_officially(tmp_path / "predicted", paths)
    assert theirs["averages"]["allAp"] > 0.1
    assert_equal(evaluate_instances(tmp_path / "predicted", demo_tree).as_json(), theirs)


def frame_of(folder, *boxes):
    """Writes a tree of one frame: values in boxes (value, top, left, height, width) on road."""
    values = np.full(SHAPE, 7, np.uint16)
    for value, *box in boxes:
        values[inside(*box)] = value
    write_tree(folder, {FRAME: values})
    return folder


def inside(top, left, height, width):
    return slice(top, top + height), slice(left, left + width)


def mask_of(*box):
    mask = np.zeros(SHAPE, bool)
    mask[inside(*box)] = True
    return mask


def score(tmp_path, boxes, predicted):
    write_masks(tmp_path / "predicted", FRAME, predicted)
    return evaluate_instances(tmp_path / "predicted", frame_of(tmp_path / "tree", *boxes))


def test_precision_by_hand(tmp_path):
    boxes = [(26000, 0, 0, 10, 20), (26001, 20, 0, 10, 20)]
    predicted = [
        (mask_of(0, 0, 10, 13), 26, 0.9),  # IoU 13 / 20 = 0.65 with the first car
        (mask_of(40, 0, 10, 20), 26, 0.5),  # on road
        (mask_of(20, 0, 10, 20), 26, 0.1),  # the second car
    ]
    scores = score(tmp_path, boxes, predicted)
    # At 0.5, from the surest on: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1, and 1 at 0. The area under the lines is
    # 1/2 * (1 + 1)/2 + 0 + 1/2 * (1/2 + 2/3)/2 = 0.5 + 7/24.
    assert scores.class_score("car")[1] == pytest.approx(0.5 + 7 / 24)
    # From 0.65 on, the first is wrong too: 0, 0, 1/3 at recall 0, 0, 1/2, so 1/2 * (0 + 1/3)/2 = 1/12.
    assert scores.precisions["car"][-1] == pytest.approx(1 / 12)
    assert scores.class_score("person") == (None, None)
    assert scores.mean_score() == scores.class_score("car")


@pytest.mark.parametrize(
    ("value", "size", "expected", "objects"),
    [
        (26, (10, 20), 1.0, 1),
        (4, (10, 20), 1.0, 1),
        (26001, (9, 11), 1.0, 1),
        (26001, (10, 10), 1.0, 2),
        # Wrong and surest: precision 0 at recall 0, behind the point (0, 1); then 1/2 at recall 1: (0 + 1/2) / 2.
        (29000, (10, 20), 0.25, 1),
        (7, (10, 20), 0.25, 1),
    ],
)
def test_predictions_on_groups_void_and_small_objects_cost_nothing(tmp_path, value, size, expected, objects):
    boxes = [(26000, 0, 0, 10, 20), (value, 20, 0, *size)]
    scores = score(tmp_path, boxes, [(mask_of(0, 0, 10, 20), 26, 0.1), (mask_of(20, 0, *size), 26, 0.9)])
    assert scores.class_score("car")[0] == pytest.approx(expected)
    assert scores.objects["car"] == objects


def test_the_surer_of_two_predictions_of_one_object_is_right_and_the_other_wrong(tmp_path):
    mask = mask_of(0, 0, 10, 20)
    scores = score(tmp_path, [(26000, 0, 0, 10, 20)], [(mask, 26, 0.2), (mask, 26, 0.7)])
    # Precision 1 at recall 0 and 1, then 1/2 at recall 1: the area is 1.
    assert scores.class_score("car") == (1.0, 1.0)
    # With one confidence for both, precision is 1/2 at recall 1: (1 + 1/2) / 2.
    scores = score(tmp_path, [(26000, 0, 0, 10, 20)], [(mask, 26, 0.2), (mask, 26, 0.2)])
    assert scores.class_score("car") == (0.75, 0.75)


def test_the_official_evaluator_ends_in_an_error_where_all_is_missed_and_ignored_and_here_the_score_is_0(
    tmp_path, score_officially
):
    boxes = [(26000, 0, 0, 10, 20), (4, 20, 0, 10, 20)]
    scores = score(tmp_path, boxes, [(mask_of(20, 0, 10, 20), 26, 0.9)])
    assert scores.class_score("car") == (0.0, 0.0)
    with pytest.raises(IndexError):
        score_officially(tmp_path / "predicted", (tmp_path / "tree").rglob("*_instanceIds.png"))


def test_the_table_shows_a_dash_for_a_class_without_objects_and_json_null(tmp_path):
    scores = score(tmp_path, [(26000, 0, 0, 10, 20)], [(mask_of(0, 0, 10, 20), 26, 0.9)])
    rows = {line.split()[0]: line.split()[1:] for line in scores.lines()}
    assert rows["car"] == ["100.0", "100.0", "1", "1"]
    assert rows["bus"] == ["-", "-", "0", "0"]
    assert rows["mean"] == ["100.0", "100.0", "1", "1"]
    result = json.loads(json.dumps(scores.as_json(), allow_nan=False))
    assert result["averages"]["classes"]["bus"]["ap"] is None
    assert result["resultApMatrix"][0][result["instLabels"].index("car")] == [1.0] * len(OVERLAPS)


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "LA"])
def test_masks_of_other_kinds_count_by_brightness(tmp_path, mode):
    list_file = write_masks(tmp_path / "predicted", FRAME, [(mask_of(0, 0, 10, 20), 26, 0.9)])
    buffer = io.BytesIO()
    Image.fromarray(mask_of(0, 0, 10, 20).astype(np.uint8) * 255).convert(mode).save(buffer, "PNG")
    (tmp_path / "predicted" / list_file.read_text().split()[0]).write_bytes(buffer.getvalue())
    scores = evaluate_instances(tmp_path / "predicted", frame_of(tmp_path / "tree", (26000, 0, 0, 10, 20)))
    assert scores.class_score("car") == (1.0, 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/etc/mask.png 26 0.5\n", r"_pred\.txt: line 1: '/etc/mask.png' is an absolute path"),
        ("../mask.png 26 0.5\n", r"line 1: '\.\./mask\.png' leads out of the prediction's folder"),
        ("link.png 26 0.5\n", r"line 1: 'link\.png' leads out of"),
        (" 26 0.5\n", "line 1: '' leads out of|line 1: ''"),
        ("mask.png 26\n", "line 1: is 'mask.png 26'; "),
        ("mask.png 26 0.5\n\n", "line 2: is ''"),
        ("mask.png car 0.5\n", "line 1: label id 'car' and confidence '0.5'; "),
        ("mask.png 26 nan\n", "confidence 'nan'"),
        ("mask.png 34 0.5\n", "no label has the id '34'"),
        ("mask.png 26 0.5\nmask.png 24 0.5\n", r"line 2: the mask 'mask\.png' is listed twice"),
        ("gone.png 26 0.5\n", r"gone\.png"),
        ("mask\0.png 26 0.5\n", "line 1"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, text, message):
    folder = tmp_path / "predicted"
    folder.mkdir()
    (folder / "mask.png").write_bytes(encode_mask(np.zeros(SHAPE, np.uint8)))
    (tmp_path / "mask.png").write_bytes(encode_mask(np.zeros(SHAPE, np.uint8)))
    (folder / "link.png").symlink_to(tmp_path / "mask.png")
    (folder / f"{FRAME}_pred.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        evaluate_instances(folder, frame_of(tmp_path / "tree", (26000, 0, 0, 10, 20)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (encode_mask(np.zeros((2, 3), np.uint8)), r"has 3 x 2 pixels, the truth .*Ids\.png has 120 x 80"),
        (encode_instance_mask(np.zeros(SHAPE, np.uint16)), "with 16 bits"),
        (b"no picture", "is not a PNG"),
        (encode_mask(np.zeros(SHAPE, np.uint8))[:-20], "is cut off"),
    ],
)
def test_a_wrong_mask_is_named(tmp_path, data, message):
    write_masks(tmp_path / "predicted", FRAME, [(mask_of(0, 0, 1, 1), 26, 0.5)])
    (tmp_path / "predicted" / "masks" / f"{FRAME}_0.png").write_bytes(data)
    with pytest.raises(DataError, match=rf"{FRAME}_0\.png: .*{message}"):
        evaluate_instances(tmp_path / "predicted", frame_of(tmp_path / "tree", (26000, 0, 0, 10, 20)))


def test_frames_without_prediction_and_with_two_are_named(tmp_path):
    drawn = draw_tree(tmp_path / "tree", 2, 0)
    with pytest.raises(DataError, match="predicted: "):
        evaluate_instances(tmp_path / "predicted", tmp_path / "tree")
    first, second = drawn
    write_masks(tmp_path / "predicted", first, [])
    with pytest.raises(DataError, match=f"no prediction for 1 of 2 frames of the truth, .*{second}"):
        evaluate_instances(tmp_path / "predicted", tmp_path / "tree")
    (tmp_path / "predicted" / f"{first}.txt").write_text("")
    with pytest.raises(DataError, match=rf"_pred\.txt: the frame {first} has the prediction .*{first}\.txt already"):
        evaluate_instances(tmp_path / "predicted", tmp_path / "tree")


def test_a_folder_of_other_frames_says_how_they_should_be_called(tmp_path):
    draw_tree(tmp_path / "tree", 1, 0)
    write_masks(tmp_path / "predicted", "other_000000_000000", [])
    with pytest.raises(DataError, match=rf"predicted: has 1 text files, .* {FRAME}\.txt"):
        evaluate_instances(tmp_path / "predicted", tmp_path / "tree")
