"""Polygons to pixels: against a slow, literal version of the rule, by hand, and against broken files."""

import json
import math
import zipfile

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from common.dataset.original.polygons import (
    AnnotatedImage,
    Polygon,
    counted_values,
    ids_to_colors,
    instances_to_ids,
    paint_polygons,
    polygons_to_json,
    read_polygons,
    scale_polygons,
)
from common.errors import DataError, LabelError
from common.files.disk import write_json
from common.files.sources import Source
from common.labels.cityscapes import LABEL_OF_NAME
from common.labels.tables import LabelTable, make_label


def paint_slowly(size_wh, points):
    """Says for each pixel which of the polygons is on top (from 1), in the words of the rule."""
    width, height = size_wh
    painted = [[0] * width for _ in range(height)]
    for number, polygon in enumerate(points, 1):
        following = polygon[1:] + polygon[:1]
        edges = [(*a, *b) for a, b in zip(polygon, following, strict=True) if a[1] != b[1]]
        ys = [y for _, y in polygon]
        for y in range(max(0, math.floor(min(ys, default=0))), min(height - 1, math.ceil(max(ys, default=-1))) + 1):
            yc = y + 0.5
            # With integers yc never meets a vertex; with real numbers the edge that starts there counts.
            crossed = [edge for edge in edges if min(edge[1], edge[3]) <= yc < max(edge[1], edge[3])]
            xs = sorted((yc - y0) * (x1 - x0) / (y1 - y0) + x0 for x0, y0, x1, y1 in crossed)
            for a, b in zip(xs[::2], xs[1::2], strict=True):
                for x in range(max(0, math.ceil(a - 0.5)), min(width - 1, math.floor(b + 0.5)) + 1):
                    painted[y][x] = number
    return np.array(painted)


def tops(size_wh, points):
    polygons = tuple(Polygon("car", tuple(map(tuple, polygon))) for polygon in points)
    instances = paint_polygons(AnnotatedImage("frame", size_wh, polygons)).instance_ids.astype(int)
    return np.where(instances == 0, 0, instances - 26000 + 1)


near = st.integers(-4, 18)
anywhere = st.one_of(near, st.integers(-(2**24), 2**24))
points_near = st.lists(st.tuples(near, near), max_size=9)
points_anywhere = st.lists(st.tuples(anywhere, anywhere), max_size=6)
sizes = st.tuples(st.integers(1, 17), st.integers(1, 15))


@settings(max_examples=400, deadline=None)
@given(sizes, st.lists(points_near, max_size=6))
@example((4, 4), [[]])
@example((4, 4), [[(1, 1)], [(0, 2), (3, 2)], [(0, 0), (1, 3)]])
def test_painting_follows_the_literal_rule(size_wh, points):
    np.testing.assert_array_equal(tops(size_wh, points), paint_slowly(size_wh, points))


@settings(max_examples=200, deadline=None)
@given(sizes, st.lists(points_anywhere, max_size=4))
def test_painting_follows_the_literal_rule_with_huge_coordinates(size_wh, points):
    np.testing.assert_array_equal(tops(size_wh, points), paint_slowly(size_wh, points))


quarters = st.integers(-16, 72).map(lambda number: number / 4)
real = st.one_of(quarters, st.floats(-4, 18, allow_nan=False), near.map(float))


@settings(max_examples=300, deadline=None)
@given(sizes, st.lists(st.lists(st.tuples(real, real), max_size=7), max_size=4))
@example((4, 4), [[(0.0, 0.5), (3.0, 0.5), (3.0, 2.5), (0.0, 2.5)]])
def test_painting_follows_the_literal_rule_with_real_numbers(size_wh, points):
    np.testing.assert_array_equal(tops(size_wh, points), paint_slowly(size_wh, points))


@settings(max_examples=150, deadline=None)
@given(sizes, sizes, st.lists(points_near, max_size=4))
def test_polygons_of_another_size_are_painted_by_the_same_rule(size_wh, wanted, points):
    polygons = tuple(Polygon("car", tuple(map(tuple, polygon))) for polygon in points)
    image = scale_polygons(AnnotatedImage("frame", size_wh, polygons), wanted)
    across, down = wanted[0] / size_wh[0], wanted[1] / size_wh[1]
    stretched = [[(x * across, y * down) for x, y in polygon] for polygon in points]
    found = paint_polygons(image).instance_ids.astype(int)
    np.testing.assert_array_equal(np.where(found == 0, 0, found - 25999), paint_slowly(wanted, stretched))


def test_a_thin_pole_survives_in_a_smaller_frame_where_picking_pixels_loses_it():
    pole = AnnotatedImage("a", (16, 8), (Polygon("pole", ((5, 0), (5, 8), (5, 8), (5, 0))),))
    assert (paint_polygons(pole).ids[:, 5] == 17).all()
    # x = 5 becomes 1.25: column ceil(0.75) = 1 to floor(1.75) = 1. Every fourth pixel of the large frame has no pole.
    assert paint_polygons(scale_polygons(pole, (4, 2))).ids.tolist() == [[0, 17, 0, 0]] * 2
    assert not paint_polygons(pole).ids[::4, ::4].any()


def test_a_frame_scaled_to_its_own_size_is_the_same():
    image = frame("car", "road")
    np.testing.assert_array_equal(paint_polygons(scale_polygons(image, (4, 2))).ids, paint_polygons(image).ids)


def test_painting_follows_the_literal_rule_on_a_crowded_frame():
    rng = np.random.default_rng(3)
    points = [[tuple(map(int, rng.integers(-20, 140, 2))) for _ in range(7)] for _ in range(60)]
    np.testing.assert_array_equal(tops((120, 90), points), paint_slowly((120, 90), points))


def test_rectangle_leaves_out_its_lowest_row_and_keeps_its_right_column():
    # x crosses at 1 and 3: columns ceil(0.5) = 1 to floor(3.5) = 3; rows 1 and 2, as 3.5 lies below the edges.
    expected = np.zeros((5, 5), int)
    expected[1:3, 1:4] = 1
    np.testing.assert_array_equal(tops((5, 5), [[(1, 1), (3, 1), (3, 3), (1, 3)]]), expected)


def test_crossing_between_two_pixels_paints_both():
    # Row 0, yc = 0.5: the left edge (1, 0)-(2, 1) crosses at 1.5, the right one (4, 0)-(5, 1) at 4.5:
    # columns ceil(1.0) = 1 to floor(5.0) = 5.
    assert tops((8, 1), [[(1, 0), (4, 0), (5, 1), (2, 1)]]).tolist() == [[0, 1, 1, 1, 1, 1, 0, 0]]


def test_triangle_rows_by_hand():
    # Edges (0, 0)-(0, 3) and (6, 0)-(0, 3): at yc = 0.5, 1.5, 2.5 the slanted one crosses at 5, 3, 1.
    assert tops((7, 4), [[(0, 0), (6, 0), (0, 3)]]).sum(axis=1).tolist() == [6, 4, 2, 0]


def test_self_intersection_is_filled_in_pairs():
    # A bow tie (0,0)-(6,4)-(6,0)-(0,4): yc = 1.5 crosses at 2.25 and 3.75 of the diagonals, 0 and 6 of the sides.
    # Pairs (0, 2.25) and (3.75, 6): columns 0..2 and ceil(3.25) = 4..6.
    assert tops((7, 4), [[(0, 0), (6, 4), (6, 0), (0, 4)]])[1].tolist() == [1, 1, 1, 0, 1, 1, 1]


def frame(*labels, size_wh=(4, 2), **more):
    return AnnotatedImage(
        "a.json", size_wh, tuple(Polygon(label, ((0, 0), (4, 0), (4, 2), (0, 2)), **more) for label in labels)
    )


def values(image):
    painted = paint_polygons(image)
    return int(painted.ids[0, 0]), int(painted.instance_ids[0, 0])


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((), (0, 0)),
        (("road",), (7, 7)),
        (("car",), (26, 26000)),
        (("car", "person", "car"), (26, 26001)),  # the first car is hidden and counts
        (("car", "cargroup"), (26, 26)),
        (("cargroup", "car"), (26, 26000)),  # a group does not count
        (("pole", "polegroup"), (18, 18)),
        (("car", "license plate"), (26, 26000)),
        (("car", "license plategroup"), (26, 26000)),
        (("bicycle", "bicyclegroup", "bicycle"), (33, 33001)),
    ],
)
def test_values_of_labels_and_groups(labels, expected):
    assert values(frame(*labels)) == expected


def test_deleted_objects_are_neither_painted_nor_counted_nor_checked():
    deleted = frame("car", "no such label", deleted=True).polygons
    assert values(AnnotatedImage("a.json", (4, 2), deleted + frame("car").polygons)) == (26, 26000)


def test_thousand_cars_are_painted_and_one_more_is_an_error():
    assert values(frame(*["car"] * 1000)) == (26, 26999)
    with pytest.raises(DataError, match=r"a\.json: object 1000: is car number 1,001"):
        paint_polygons(frame(*["car"] * 1001))


@pytest.mark.parametrize("label", ["zebra", "zebragroup", "group", "", "cargroupgroup"])
def test_unknown_label_names_file_object_and_label(label):
    with pytest.raises(LabelError, match=rf"a\.json: object 1: the label '{label}' is unknown"):
        paint_polygons(frame("car", label))


@pytest.mark.parametrize("label", ["trafficlight", "traffic_light", "Traffic Light", "TRAFFIC-LIGHT"])
def test_names_are_read_without_regard_to_spaces_and_case(label):
    assert values(frame(label)) == (19, 19)


def test_a_group_is_known_in_any_spelling():
    assert values(frame("Car Group")) == (26, 26) and values(frame("pole group")) == (18, 18)


FOREIGN = LabelTable(
    (make_label("nothing", 0), make_label("tram", 64, has_instances=True), make_label("rail", 200)), "nothing"
)


def test_labels_of_another_table_are_painted_with_its_ids():
    def painted(*labels):
        return int(paint_polygons(frame(*labels), FOREIGN).instance_ids[0, 0])

    assert [painted(), painted("rail"), painted("tram", "tram"), painted("tramgroup")] == [0, 200, 64001, 64]
    colors = ids_to_colors(paint_polygons(frame("rail"), FOREIGN).ids, FOREIGN)
    assert tuple(colors[0, 0]) == (*FOREIGN.find("rail").color, 255)
    with pytest.raises(LabelError, match="the label 'car' is unknown"):
        painted("car")


def test_pixels_of_no_object_get_the_id_of_the_background():
    table = LabelTable((make_label("void", 9), make_label("tram", 3)), "void")
    assert (paint_polygons(frame(), table).ids == 9).all()


@pytest.mark.parametrize(("id_", "counted"), [(65, True), (256, False), (0, True)])
def test_ids_that_do_not_fit_are_refused_with_file_object_and_label(id_, counted):
    table = LabelTable((make_label("tram", id_, has_instances=counted),))
    with pytest.raises(
        LabelError, match=rf"a\.json: object 0: the label 'tram' has the id {id_}, but .* give the labels"
    ):
        paint_polygons(frame("tram"), table)


def test_counted_objects_are_listed_with_the_hidden_ones():
    found = counted_values(frame("car", "road", "cargroup", "person", "car"))
    assert [(value, label.name) for value, label in found] == [(26000, "car"), (24000, "person"), (26001, "car")]


def test_painted_arrays_have_the_types_of_the_files():
    painted = paint_polygons(frame("car"))
    colors = ids_to_colors(painted.ids)
    assert (painted.ids.dtype, painted.instance_ids.dtype, colors.dtype) == (np.uint8, np.uint16, np.uint8)
    assert painted.ids.shape == painted.instance_ids.shape == (2, 4)
    assert colors.shape == (2, 4, 4)
    np.testing.assert_array_equal(instances_to_ids(painted.instance_ids), painted.ids)


def test_colors_are_those_of_the_table_and_opaque():
    for label in LABEL_OF_NAME.values():
        if label.id >= 0:
            assert ids_to_colors(np.array([[label.id]], np.uint8))[0, 0].tolist() == [*label.color, 255]


def test_reading_gives_back_what_was_written(tmp_path):
    image = AnnotatedImage(
        str(tmp_path / "a.json"), (4, 2), frame("car").polygons + frame("bus", deleted=True).polygons
    )
    write_json(image.name, polygons_to_json(image))
    assert read_polygons(image.name) == image


def test_polygons_in_a_closed_zip_are_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("gtFine/a.json", json.dumps(polygons_to_json(frame("car"))))
        archive.writestr("gtFine/b.json", "{")
    image = read_polygons(Source(tmp_path / "a.zip", "gtFine/a.json"))
    assert (image.polygons, image.name) == (frame("car").polygons, f"{tmp_path / 'a.zip'}: gtFine/a.json")
    with pytest.raises(DataError, match=r"a\.zip: gtFine/b\.json: .*JSON"):
        read_polygons(Source(tmp_path / "a.zip", "gtFine/b.json"))


def good(**changes):
    content = {"imgHeight": 2, "imgWidth": 4, "objects": [{"label": "car", "polygon": [[0, 0], [4.0, 0], [4, 2]]}]}
    return content | changes


def with_object(**changes):
    return good(objects=[{"label": "car", "polygon": [[0, 0]]} | changes])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "holds a list"),
        ({}, "imgWidth is None"),
        (good(imgHeight="2"), "imgHeight is 2"),
        (good(imgHeight=0), "imgHeight is 0"),
        (good(imgHeight=True), "imgHeight is True"),
        (good(imgHeight=10**9, imgWidth=10**9), "at most 67,108,864"),
        (good(objects=None), "objects is nothing"),
        (good(objects=["car"]), "object 0: is a str"),
        (with_object(label=3), "object 0: label is a int"),
        (with_object(polygon="[]"), "object 0: polygon is a str"),
        (with_object(polygon=[[1, 2, 3]]), r"object 0: \[1, 2, 3\] is not a point"),
        (with_object(polygon=[[1, float("nan")]]), "is not a point"),
        (good(imgWidth=4.5), "imgWidth is 4.5"),
        (with_object(polygon=[[1, 10**30]]), "is not a point"),
        (with_object(polygon=[[1, None]]), "is not a point"),
        (with_object(polygon=[[1, 2], [1, True]]), r"\[1, True\] is not a point"),
        (with_object(polygon=[[0, 0], "12"]), "12 is not a point"),
        (with_object(polygon=[[0, 0], {"1": 2, "3": 4}]), "is not a point"),
        (with_object(polygon=[[0, 0], 5]), "5 is not a point"),
        (with_object(polygon=[[0, 0], [2**24 + 1, 0]]), "is not a point"),
        (with_object(polygon=[[0, 0], [0, -(2**24) - 1]]), "is not a point"),
        (with_object(label="zebra"), "object 0: the label 'zebra' is unknown"),
    ],
)
def test_broken_file_is_refused_with_its_name_and_the_place(tmp_path, content, message):
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(content))
    with pytest.raises((DataError, LabelError), match=rf"broken\.json: .*{message}"):
        read_polygons(path)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"imgHeight": NaN, "imgWidth": Infinity}', "\x00\xff"])
def test_text_that_is_no_annotation_is_refused(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"broken\.json"):
        read_polygons(path)


def test_polygons_that_cross_too_many_rows_are_refused():
    zigzag = tuple((x % 7, 0 if x % 2 else 2**20) for x in range(12))
    with pytest.raises(DataError, match="cross .* pixel rows"):
        paint_polygons(AnnotatedImage("a.json", (2, 2**20), (Polygon("road", zigzag),)))


def test_a_byte_order_mark_before_the_json_is_read_over(tmp_path):
    path = tmp_path / "a_gtFine_polygons.json"
    path.write_text(json.dumps({"imgWidth": 4, "imgHeight": 2, "objects": []}), encoding="utf-8-sig")
    assert read_polygons(path).size_wh == (4, 2)


def test_fractions_are_cut_off_as_in_the_official_script(tmp_path):
    from cityscapesscripts.helpers.annotation import Annotation
    from cityscapesscripts.preparation.json2labelImg import createLabelImage

    rng = np.random.default_rng(0)
    for number in range(20):
        points = rng.uniform((-4, -4), (64, 44), (6, 2)).tolist()
        objects = [{"label": "car", "polygon": points}]
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps({"imgHeight": 40, "imgWidth": 60.0, "objects": objects}))
        (polygon,) = read_polygons(path).polygons
        assert polygon.points == tuple((math.trunc(x), math.trunc(y)) for x, y in points)
        whole = path.with_suffix(".whole")
        whole.write_text(
            json.dumps({"imgHeight": 40, "imgWidth": 60, "objects": [{"label": "car", "polygon": polygon.points}]})
        )
        pictures = []
        for file in (path, whole):
            annotation = Annotation()
            annotation.fromJsonFile(str(file))
            pictures.append(np.array(createLabelImage(annotation, "ids")))
        assert np.array_equal(*pictures) and pictures[0].any()
