import numpy as np
import pytest

from common.errors import LabelError
from common.labels.cityscapes import IGNORE, LABELS
from common.labels.map_files import builtin_names, label_map_path, load_label_map
from common.labels.maps import LabelMap, study_label_map
from common.labels.tables import CITYSCAPES

PAINTED = [label for label in LABELS if label.id >= 0]


@pytest.fixture
def write(tmp_path):
    """Gives a function that writes the text of a label map to a file and returns its path."""

    def write(text):
        path = tmp_path / "my_map.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def classes_of(label_map):
    """The labels of each class by name, in the order of their ids; those of IGNORE as "ignored"."""
    found = {}
    for id_, index in enumerate(label_map.class_of_id):
        found.setdefault("ignored" if index == IGNORE else label_map.names[index], []).append(
            CITYSCAPES.of_id(id_).name
        )
    return found


def test_nothing_gives_the_classes_of_the_study():
    assert load_label_map("") == study_label_map()


def test_the_nineteen_classes_are_the_train_ids():
    label_map = load_label_map("cityscapes19")
    assert label_map.class_of_id == tuple(label.train_id for label in PAINTED)  # 255 is ignored in both
    assert label_map.ignores
    for label in PAINTED:
        if label.train_id != 255:
            assert (label_map.names[label.train_id], label_map.colors[label.train_id]) == (label.name, label.color)


def test_the_eight_categories_are_the_category_ids():
    label_map = load_label_map("categories8")
    assert label_map.class_of_id == tuple(label.category_id for label in PAINTED)
    assert label_map.names == tuple(dict.fromkeys(label.category for label in PAINTED))
    assert not label_map.ignores


def test_the_eleven_classes_are_the_published_ones():
    label_map = load_label_map("enet11")
    by_class = classes_of(label_map)
    assert list(label_map.names[:4]) == ["road", "sidewalk", "traffic light", "traffic sign"]
    assert by_class["truck+bus"] == ["truck", "bus"]
    assert by_class["motorcycle+bicycle"] == ["motorcycle", "bicycle"]
    assert label_map.names[6:] == ("sky", "person", "rider", "car", "everything else")
    assert "caravan" in by_class["everything else"]
    assert len(by_class["everything else"]) == 34 - 12
    assert not label_map.ignores


def test_every_built_in_map_is_a_file_one_can_start_from():
    assert builtin_names() == ("categories8", "cityscapes19", "enet11")
    for name in builtin_names():
        assert load_label_map(label_map_path(name)) == load_label_map(name)
    with pytest.raises(LabelError, match="'categories7'.*categories8"):
        label_map_path("categories7")


def test_a_map_has_its_classes_in_the_order_of_the_lines(write):
    label_map = load_label_map(
        write("vehicle, 0 0 142, car, truck\nrest, 1 2 3, *\nignored, ego vehicle, out of roi\n")
    )
    assert (label_map.names, label_map.colors) == (("vehicle", "rest"), ((0, 0, 142), (1, 2, 3)))
    assert classes_of(label_map)["vehicle"] == ["car", "truck"]
    assert classes_of(label_map)["ignored"] == ["ego vehicle", "out of roi"]
    assert len(classes_of(label_map)["rest"]) == 34 - 4


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfroad,128 64 128,road\r\nignored,*\r\n",
        "# mine\n\n  road ,  128  64 128 ,  road ,\n ignored , * ,\n",
        "road, 128 64 128, road,,,\nignored, 0 0 0, *,,\n",
        'road, "128 64 128", "road" # the street\n"# a note, of a spreadsheet",\nignored, , *',
        "road, 128 64 128, Road\nIgnored, *\nignored, trafficlight, license plate",
    ],
    ids=["windows", "spaces", "spreadsheet", "quotes", "spelling"],
)
def test_what_editors_and_spreadsheets_leave_changes_nothing(write, text):
    assert load_label_map(write(text)) == LabelMap(
        ("road",), ((128, 64, 128),), tuple(0 if id_ == 7 else IGNORE for id_ in range(34))
    )


def test_a_class_that_never_occurs_has_to_say_so(write):
    label_map = load_label_map(write("inconsistent, 0 0 0, -\nrest, 1 1 1, *"))
    assert len(label_map) == 2
    assert set(label_map.class_of_id) == {1}
    with pytest.raises(LabelError, match="line 1: 'building' has no label"):
        load_label_map(write("building, 70 70 70\nrest, 1 1 1, *"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a, 0 0 0, roda\nb, 0 0 0, *", "line 1: there is no label 'roda'; did you mean 'road'?"),
        ("a, 0 0 0, road\n# b\nb, 0 0 0, Road, *", "line 3: the label 'road' is named in line 1 already"),
        ("a, 0 0 0, road, road, *", "line 1: the label 'road' is named in line 1 already"),
        ("a, 0 0 0, road\nA, 0 0 0, *", "line 2: there is a class 'A' in line 1 already"),
        ("a, 0 0 256, *", "line 1: '0 0 256' is not a colour"),
        ("a, 0 0, *", "line 1: '0 0' is not a colour"),
        ("a, road, *", "line 1: 'road' is not a colour"),
        ("a", "line 1: '' is not a colour"),
        (", 0 0 0, *", "line 1: the class has no name"),
        ("a, 0 0 0, *\nb, 0 0 0, *", r"line 2: \* stands in line 1 already"),
        ("a, 0 0 0, road,, *", "line 1: there is no label ''"),
        ('a, 0 0 0, "road', "line 1: .* is not a line of a CSV file"),
        ("ignored, *", "has no class"),
        ("", "has no class"),
        ("# road, 0 0 0, *", "has no class"),
        ("\n".join(f"c{index}, 0 0 0, -" for index in range(256)), "line 256: 'c255' is class number 256"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(write, text, message):
    with pytest.raises(LabelError, match=rf"my_map.csv: .*{message}|my_map.csv: {message}"):
        load_label_map(write(text))


def test_all_labels_that_were_forgotten_are_named(write):
    named = [label.name for label in PAINTED if label.name not in ("polegroup", "sky")]
    with pytest.raises(LabelError, match="what becomes of polegroup, sky; name them, or write "):
        load_label_map(write(f"a, 0 0 0, {', '.join(named)}"))


def test_a_file_that_cannot_be_read_is_explained(write, tmp_path):
    with pytest.raises(LabelError, match="no such file; did you mean cityscapes19?"):
        load_label_map(tmp_path / "cityscape19")
    with pytest.raises(LabelError, match="no such file; the built-in maps are categories8"):
        load_label_map("mine.csv")
    with pytest.raises(LabelError, match="cannot be read"):
        load_label_map(tmp_path)
    with pytest.raises(LabelError, match="UTF-8"):
        load_label_map(write("größer, 0 0 0, *".encode("latin-1")))
    with pytest.raises(LabelError, match="larger than"):
        load_label_map(write("#" * 1_000_001))
    with pytest.raises(LabelError, match="cannot be read"):
        load_label_map("a\0b")


def test_255_classes_fit_into_a_mask(write):
    lines = [f"c{index}, 0 0 0, -" for index in range(254)]
    label_map = load_label_map(write("\n".join([*lines, "last, 9 9 9, *"])))
    assert len(label_map) == 255
    assert (label_map.encode(np.arange(34, dtype=np.uint8)) == 254).all()
    assert not label_map.ignores
