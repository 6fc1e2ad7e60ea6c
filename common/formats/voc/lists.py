"""The lists of VOC's `ImageSets`: which frames a split has, whatever program wrote the lines.

A line is the name of a frame. Other programs write the name of a file instead, `a.jpg` or `/JPEGImages/a.jpg`, put the
mask or the mark of a class list (`a -1`) behind it, or use backslashes. Such a line means the frame that is there;
nothing outside of the dataset is opened.
"""

from collections.abc import Collection, Container

from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.frames import NO_SPLIT
from common.formats.names import checked_name, path_inside, read_lines, tail_in
from common.images.pictures import IMAGE_ENDINGS
from common.labels.tables import LabelTable
from common.text import count

LISTS = "ImageSets"
_UNION = "trainval"
_FILE_ENDINGS = (*IMAGE_ENDINGS, ".xml")
_MARKS = ("1", "0", "-1")


def read_splits(tree: FileListing, table: LabelTable, there: Container[str], notes: list[str]) -> dict[str, str]:
    """Reads the split of each frame from the lists, in the order of Main; the split in Segmentation goes before.

    Args:
        tree: The folder that has `ImageSets` in it.
        table: The labels, by which lists of classes are known.
        there: Names of the frames of which there is any file.
        notes: Gets a sentence on frames in several splits.

    Raises:
        DataError: If a line leads out of the dataset and no end of it is a frame; names the list.
    """
    several: set[str] = set()
    main, segmentation = (
        _read_lists(tree, f"{LISTS}/{kind}", table, there, several) for kind in ("Main", "Segmentation")
    )
    several |= {name for name in main.keys() & segmentation.keys() if main[name] != segmentation[name]}
    if several:
        notes.append(
            f"{count(len(several), 'frame')} in the lists of several splits, for example {min(several)}; one was taken"
        )
    return main | segmentation


def _read_lists(
    tree: FileListing, folder: str, table: LabelTable, there: Container[str], several: set[str]
) -> dict[str, str]:
    stems = {name[len(folder) + 1 : -len(".txt")]: name for name in tree.names(folder, ".txt")}
    splits: dict[str, str] = {}
    lines_of = {
        stem: read_lines(tree[name]) for stem, name in stems.items() if not _is_list_of_class(stem, stems, table)
    }
    unions = {stem for stem, lines in lines_of.items() if stem == _UNION or _has_marks(lines, there)}
    for stem in sorted(lines_of, key=lambda stem: (stem in unions, stem)):
        split = "" if stem == NO_SPLIT else stem
        for line in lines_of[stem]:
            item_id = _frame_of(line, there, tree[stems[stem]])
            if splits.setdefault(item_id, split) != split and stem not in unions:
                several.add(item_id)
    return splits


def _is_list_of_class(stem: str, stems: Collection[str], table: LabelTable) -> bool:
    """Tells `car_train`, which lists for each frame of `train` whether it has a car, from the split `train_extra`."""
    places = (place for place, letter in enumerate(stem) if letter == "_")
    return any(stem[place + 1 :] in stems and table.find(stem[:place]) is not None for place in places)


def _has_marks(lines: Collection[str], there: Container[str]) -> bool:
    """Tells a list that marks frames with 1, 0 or -1; it counts only for frames that no other list has."""
    words = [line.split() for line in lines]
    return bool(words) and all(len(line) == 2 and line[1] in _MARKS and " ".join(line) not in there for line in words)


def _frame_of(line: str, there: Container[str], source: Source) -> str:
    """Finds the frame that a line means; the line as it stands if there is no file of it."""
    candidates = [line, *line.split()[:1]]
    for candidate in candidates:
        path, _ = path_inside(candidate)
        for name in (path, _without_ending(path)):
            if (found := tail_in(name, there)) is not None:
                return found
    words = line.split()
    name = words[0] if len(words) == 2 and words[1] in _MARKS else line
    checked_name(name, source)
    return _without_ending(path_inside(name)[0])


def _without_ending(path: str) -> str:
    ending = next((ending for ending in _FILE_ENDINGS if path.lower().endswith(ending)), "")
    return path[: len(path) - len(ending)]
