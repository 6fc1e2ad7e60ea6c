import json
import os
import shutil

import cv2
import numpy as np
import pytest

from common.dataset.original.layouts import find_frames
from common.errors import ConfigError, DataError, LabelError
from common.evaluation.pixels.evaluation import PixelOptions, evaluate_pixels
from common.evaluation.pixels.mask_values import CLASSES
from common.formats.conversion import convert
from common.images.pictures import encode_palette_mask
from common.images.png import encode_image, encode_mask, read_mask
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map
from tests.support.damaged_predictions import DAMAGES, noisy, perfect, shifted
from tests.support.official_pixels import ask_official_pixels, assert_as_official

TRAIN_IDS = load_label_map("cityscapes19").class_of_id
STUDY = study_label_map().class_of_id


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_every_number_of_the_official_result_is_the_same(
    damage, frames, val_tree, write_predictions, tmp_path, monkeypatch
):
    predictions = write_predictions(tmp_path / "pred", damage)
    given = [next(predictions.glob(f"{frame.name}*.png")) for frame in frames]
    theirs = ask_official_pixels(given, [frame.files["labelIds"].path for frame in frames], monkeypatch)
    assert_as_official(evaluate_pixels(predictions, val_tree).as_json(), theirs)


def test_json_is_valid_json_and_has_null_where_nothing_can_be_said(val_tree, write_predictions, tmp_path):
    text = json.dumps(evaluate_pixels(write_predictions(tmp_path, shifted), val_tree).as_json(), allow_nan=False)
    assert json.loads(text)["classScores"]["unlabeled"] is None
    assert json.loads(text)["categoryScores"]["void"] is None


def test_a_perfect_prediction_has_one_everywhere(val_tree, write_predictions, tmp_path):
    result = evaluate_pixels(write_predictions(tmp_path, perfect), val_tree).as_json()
    averages = [result[key] for key in result if key.startswith("averageScore")]
    assert len(averages) == 4
    assert averages == pytest.approx([1.0] * 4)
    assert result["paper"]["mIoU"] == pytest.approx(1.0)


def test_the_number_of_workers_changes_nothing(val_tree, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path, noisy)
    alone, two = (evaluate_pixels(predictions, val_tree, PixelOptions(workers=number)) for number in (1, 2))
    assert alone.as_json() == two.as_json()


def test_class_indices_and_colours_have_the_scores_of_the_ids_they_stand_for(
    val_tree, frames, write_predictions, tmp_path
):
    ids = evaluate_pixels(write_predictions(tmp_path / "ids", shifted), val_tree)
    options = PixelOptions(encoding="classes")
    classes = evaluate_pixels(write_predictions(tmp_path / "classes", shifted, table=STUDY), val_tree, options)
    assert classes.as_json()["averageScoreInstClasses"] == ids.as_json()["averageScoreInstClasses"]
    assert classes.paper_means == ids.paper_means
    (tmp_path / "color").mkdir()
    for frame in frames:
        values = read_mask(next((tmp_path / "classes").glob(f"{frame.name}*")))
        (tmp_path / "color" / f"{frame.name}.png").write_bytes(encode_image(study_label_map().colorize(values)))
    colors = evaluate_pixels(tmp_path / "color", val_tree)
    # The colours of void labels are alike, which the official protocol does not see; polegroup has that of pole.
    assert {**colors.class_iou, "pole": 0} == {**ids.class_iou, "pole": 0}
    assert "(153, 153, 153) as pole" in colors.notes[0]
    # The paper metric counts void labels; without them apart it would be far too low.
    assert "paper" not in colors.as_json()
    assert "Paper metric: - (several classes have one colour; give the masks)" in colors.lines()


def test_the_paper_metric_follows_its_definition(frames, val_tree, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path, noisy)
    expected = []
    for frame in frames:
        truth, found = read_mask(frame.files["labelIds"]), read_mask(next(predictions.glob(f"{frame.name}*")))
        ious = [
            np.sum((truth == id_) & (found == id_)) / np.sum((truth == id_) | (found == id_))
            for id_ in np.unique(truth)
        ]
        expected.append(np.mean(ious))
    scores = evaluate_pixels(predictions, val_tree)
    assert scores.paper_means[0] == pytest.approx(np.mean(expected), abs=1e-7)
    low, high = scores.paper_intervals[0]
    assert low < scores.paper_means[0] < high


@pytest.mark.parametrize(
    ("table", "option"),
    [(TRAIN_IDS, "--encoding classes --label-map cityscapes19"), (STUDY, "--encoding classes")],
    ids=["train ids", "classes of the study"],
)
def test_values_that_are_no_label_ids_are_recognised(table, option, val_tree, write_predictions, tmp_path):
    # 255 would be refused as a value; here nothing but the meaning is wrong.
    table = [0 if value == 255 else value for value in table]
    predictions = write_predictions(tmp_path, shifted, table=table)
    with pytest.raises((DataError, LabelError), match=f"give {option}$"):
        evaluate_pixels(predictions, val_tree)


def test_who_says_what_the_values_are_gets_a_score_and_a_note(val_tree, write_predictions, tmp_path):
    table = [0 if value == 255 else value for value in TRAIN_IDS]
    predictions = write_predictions(tmp_path, shifted, table=table)
    scores = evaluate_pixels(predictions, val_tree, PixelOptions(encoding="ids"))
    assert "as train ids, not as label ids" in scores.notes[-1]


def test_label_ids_given_for_class_indices_are_recognised(val_tree, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path, shifted)
    with pytest.raises(DataError, match="fit the truth as label ids, .* give --encoding ids"):
        evaluate_pixels(predictions, val_tree, PixelOptions(label_map=study_label_map()))


def test_a_network_that_sees_one_class_everywhere_is_bad_but_no_mistake(val_tree, write_predictions, tmp_path):
    # id 8 is sidewalk; as a class of the study it would be road, the most frequent of all.
    predictions = write_predictions(tmp_path, lambda ids, rng: np.full_like(ids, 8))
    (note,) = evaluate_pixels(predictions, val_tree).notes
    assert note.startswith("truth and predictions agree on")


def test_255_in_label_ids_is_refused_with_file_value_and_place(val_tree, frames, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path, perfect)
    broken = tmp_path / f"{frames[3].name}_pred.png"
    ids = read_mask(broken)
    ids[5, 7] = 255
    broken.write_bytes(encode_mask(ids))
    with pytest.raises(DataError, match=f"{broken.name}: holds the value 255 at x 7, y 5; .*from 0 to 33"):
        evaluate_pixels(predictions, val_tree)


def test_all_damaged_files_are_named_at_once(val_tree, frames, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path, perfect)
    files = [tmp_path / f"{frame.name}_pred.png" for frame in frames]
    files[1].write_bytes(files[1].read_bytes()[:-20])
    files[2].write_bytes(encode_mask(np.zeros((9, 11), np.uint8)))
    cv2.imwrite(str(files[4]), np.zeros((64, 128), np.uint16))
    with pytest.raises(DataError) as error:
        evaluate_pixels(predictions, val_tree)
    text = str(error.value)
    assert text.startswith("3 frames cannot be scored")
    assert "is cut off" in text
    assert "has 11 x 9 pixels, its truth" in text
    assert "has 128 x 64" in text
    assert f"{files[4].name}: is a PNG with 16-bit gray" in text


def test_missing_predictions_stop_it_unless_asked_for(val_tree, frames, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path, perfect)
    (tmp_path / f"{frames[0].name}_pred.png").unlink()
    with pytest.raises(DataError, match=f"no prediction for 1 of 8 frames: {frames[0].name}; .* --partial"):
        evaluate_pixels(predictions, val_tree)
    scores = evaluate_pixels(predictions, val_tree, PixelOptions(partial=True))
    assert len(scores.paper_images) == 7
    assert scores.notes[0].startswith("PARTIAL")


def test_without_instance_ids_there_is_no_iiou_and_the_reason_is_said(val_tree, frames, write_predictions, tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(val_tree, tree, ignore=shutil.ignore_patterns("*_instanceIds.png"))
    predictions = write_predictions(tmp_path / "pred", shifted)
    scores = evaluate_pixels(predictions, tree)
    result = scores.as_json()
    assert result["averageScoreInstClasses"] is None
    assert result["classInstScores"]["car"] is None
    assert "no iIoU: the truth does not tell objects apart" in scores.lines()
    with_objects = evaluate_pixels(predictions, val_tree).as_json()
    assert result["classScores"] == with_objects["classScores"]


def test_polygons_alone_give_all_scores(val_tree, write_predictions, tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(val_tree, tree, ignore=shutil.ignore_patterns("*.png"))
    predictions = write_predictions(tmp_path / "pred", shifted)
    ours, expected = (evaluate_pixels(predictions, truth).as_json() for truth in (tree, val_tree))
    assert ours["averageScoreInstClasses"] == expected["averageScoreInstClasses"]


def test_a_prepared_split_is_scored_as_its_classes(prepared, tmp_path):
    split = prepared / "val"
    for mask in (split / "masks").iterdir():
        shutil.copy(mask, tmp_path / mask.name)
        (tmp_path / f"{mask.stem}_color.png").write_bytes(
            encode_image(study_label_map().colorize(np.roll(read_mask(mask), 9)))
        )
    scores = evaluate_pixels(tmp_path, split)
    assert scores.truth_values.kind == CLASSES
    assert scores.paper_means == pytest.approx((1.0, 1.0))
    assert scores.as_json()["averageScoreClasses"] == 1.0
    assert scores.no_instances
    assert evaluate_pixels(tmp_path, split, PixelOptions(encoding="color")).as_json()["averageScoreClasses"] < 1


def test_joined_classes_have_the_paper_metric_and_no_official_score(val_tree, write_predictions, tmp_path):
    label_map = load_label_map("categories8")
    predictions = write_predictions(tmp_path, perfect, table=label_map.class_of_id)
    scores = evaluate_pixels(predictions, val_tree, PixelOptions(label_map=label_map))
    assert scores.paper_means == pytest.approx((1.0, 1.0))
    assert "classScores" not in scores.as_json()
    assert any("joins labels" in line for line in scores.lines())


def test_train_ids_with_their_label_map_have_the_official_scores_of_ids(val_tree, write_predictions, tmp_path):
    options = PixelOptions(label_map=load_label_map("cityscapes19"))
    classes = evaluate_pixels(write_predictions(tmp_path / "a", shifted, table=TRAIN_IDS), val_tree, options)
    ids = evaluate_pixels(write_predictions(tmp_path / "b", shifted), val_tree)
    assert classes.class_iou == ids.class_iou
    assert classes.class_iiou == ids.class_iiou


def test_one_protocol_leaves_the_other_out(val_tree, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path, shifted)
    paper = evaluate_pixels(predictions, val_tree, PixelOptions("paper"))
    assert "classScores" not in paper.as_json()
    assert not any("Cityscapes protocol:" in line for line in paper.lines())
    city = evaluate_pixels(predictions, val_tree, PixelOptions("cityscapes"))
    assert "paper" not in city.as_json()
    assert not any("Paper metric" in line for line in city.lines())
    with pytest.raises(ConfigError, match="no protocol 'official'; there are paper"):
        evaluate_pixels(predictions, val_tree, PixelOptions("official"))


def test_the_truth_scored_against_itself_is_found_among_its_other_files(val_tree):
    # Beside each labelIds lie instanceIds, color and polygons.
    assert len(find_frames(val_tree)) == 8
    assert evaluate_pixels(val_tree, val_tree).as_json()["averageScoreClasses"] == 1.0


def test_train_ids_with_255_are_recognised_in_the_first_frame(val_tree, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path, shifted, table=TRAIN_IDS)
    with pytest.raises(DataError, match=r"holds the value 255 .* as train ids, .* --label-map cityscapes19$"):
        evaluate_pixels(predictions, val_tree, PixelOptions(encoding="ids"))


def test_colours_of_a_map_without_equal_ones_have_the_paper_metric(val_tree, frames, write_predictions, tmp_path):
    label_map = load_label_map("cityscapes19")
    classes = evaluate_pixels(
        write_predictions(tmp_path / "classes", shifted, table=TRAIN_IDS), val_tree, PixelOptions(label_map=label_map)
    )
    (tmp_path / "color").mkdir()
    for frame in frames:
        values = read_mask(next((tmp_path / "classes").glob(f"{frame.name}*")))
        (tmp_path / "color" / f"{frame.name}.png").write_bytes(encode_image(label_map.colorize(values)))
    colors = evaluate_pixels(tmp_path / "color", val_tree, PixelOptions(label_map=label_map))
    assert colors.paper_means == classes.paper_means
    assert colors.class_iiou == classes.class_iiou


def test_zips_of_predictions_and_of_the_truth_have_the_same_scores(val_tree, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path / "pred", noisy)
    sent = shutil.make_archive(str(tmp_path / "sent"), "zip", predictions)
    truth = shutil.make_archive(str(tmp_path / "gtFine_trainvaltest"), "zip", val_tree)
    zipped, expected = evaluate_pixels(sent, truth), evaluate_pixels(predictions, val_tree)
    assert zipped.class_iiou == expected.class_iiou
    assert zipped.paper_images == expected.paper_images


def test_a_truth_without_evaluated_pixels_has_no_scores_and_says_so(val_tree, frames, write_predictions, tmp_path):
    # As the truth of test that can be downloaded.
    dummy = write_predictions(tmp_path / "dummy", lambda ids, rng: np.full_like(ids, 3), ending="")
    scores = evaluate_pixels(write_predictions(tmp_path / "pred", shifted), dummy)
    assert scores.as_json()["averageScoreClasses"] is None
    assert "no pixel of the truth is evaluated" in scores.notes[-1]


def test_a_ground_truth_given_for_the_predictions_is_noted(val_tree, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path / "pred", shifted)
    (note,) = evaluate_pixels(val_tree, predictions).notes
    assert "_gtFine_labelIds.png; are the two folders swapped?" in note
    assert not evaluate_pixels(predictions, val_tree).notes
    assert not evaluate_pixels(val_tree, val_tree).notes


@pytest.mark.parametrize(("format", "has_objects"), [("voc", False), ("coco-panoptic", True), ("camvid", False)])
def test_a_truth_of_another_format_gives_the_scores_of_the_cityscapes_files(
    format, has_objects, val_tree, write_predictions, tmp_path
):
    predictions = write_predictions(tmp_path / "pred", noisy)
    convert(val_tree, tmp_path / "truth", format, workers=1)
    ours, expected = evaluate_pixels(predictions, tmp_path / "truth"), evaluate_pixels(predictions, val_tree)
    # Labels that are not evaluated become void in the panoptic form, so the paper metric has other classes there.
    assert ours.class_iou == expected.class_iou
    assert ours.frames == 8
    assert ours.class_iiou == (pytest.approx(expected.class_iiou) if has_objects else {})
    if format == "voc":
        assert ours.paper_images == expected.paper_images


def test_a_format_with_instances_alone_scores_the_classes_it_has(val_tree, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path / "pred", perfect)
    convert(val_tree, tmp_path / "truth", "coco", workers=1)
    scores = evaluate_pixels(predictions, tmp_path / "truth")
    assert scores.class_iou["car"] == 1.0
    assert scores.class_iou["road"] is None


def test_palettes_are_read_as_ids_in_truth_and_predictions(val_tree, write_predictions, tmp_path):
    predictions = write_predictions(tmp_path / "predictions", perfect)
    truth = shutil.copytree(val_tree, tmp_path / "truth")
    expected = evaluate_pixels(predictions, truth).as_json()["classScores"]
    palette = np.random.default_rng(0).integers(0, 256, (256, 3), np.uint8)
    for path in [*truth.rglob("*_labelIds.png"), *predictions.glob("*.png")]:
        path.write_bytes(encode_palette_mask(read_mask(path), palette))
    assert evaluate_pixels(predictions, truth).as_json()["classScores"] == expected


def test_links_that_lead_nowhere_and_pipes_are_named_with_the_other_damaged_files(
    val_tree, frames, write_predictions, tmp_path
):
    predictions = write_predictions(tmp_path, perfect)
    lost, pipe, empty = (tmp_path / f"{frame.name}_pred.png" for frame in frames[:3])
    for path in (lost, pipe, empty):
        path.unlink()
    lost.symlink_to(tmp_path / "nowhere")
    os.mkfifo(pipe)
    empty.touch()
    with pytest.raises(DataError, match="3 frames cannot be scored") as caught:
        evaluate_pixels(predictions, val_tree)
    assert all(path.name in str(caught.value) for path in (lost, pipe, empty))
