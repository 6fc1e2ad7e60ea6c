"""Label maps in files: which labels make up which class.

A map is a CSV file in UTF-8 that people write: one class per line, in the order of the class indices,
`class name, red green blue, label, label, ...`. A line whose class name is `ignored` has no index and needs no colour:
pixels of its labels count neither in the loss nor in the scores. `*` stands for all labels that no line names; `-` for
none, in the line of a class that never occurs. A `#` at the start of a line or after a space starts a comment. Labels
are those of Cityscapes, and `LabelTable.find` reads their names. License plates are never painted, so their line has no
effect.
"""

import csv
import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path

from common.errors import LabelError
from common.labels.cityscapes import IGNORE, LARGEST_ID, Color
from common.labels.maps import LabelMap, study_label_map
from common.labels.tables import CITYSCAPES, plain_name

_FOLDER = Path(__file__).parent / "builtin_maps"
_IGNORED, _REST, _NONE = "ignored", "*", "-"
_COMMENT = re.compile(r"(^|\s)#.*")
_COLOR = re.compile(r"\d{1,3}\s+\d{1,3}\s+\d{1,3}")
# Far above what 255 classes need; a larger file is not a label map.
_MOST_BYTES = 1_000_000
_FORM = "expected 'class name, red green blue, label, label, ...'"


def builtin_names() -> tuple[str, ...]:
    """Lists the names of the label maps that come with the project, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.csv")))


def label_map_path(name: str) -> Path:
    """Finds the file of a built-in label map, from which users can start their own; raises LabelError without one."""
    if name not in builtin_names():
        raise LabelError(f"{name!r} is not a built-in label map; there are {', '.join(builtin_names())}")
    return _FOLDER / f"{name}.csv"


def load_label_map(text: str | Path) -> LabelMap:
    """Reads a label map by its built-in name or from a file; "" gives the 35 classes of the study.

    Raises:
        LabelError: If there is no such map, or it is not clear what becomes of each label; names file and line.
    """
    text = str(text)
    if not text:
        return study_label_map()
    path = label_map_path(text) if text in builtin_names() else Path(text)
    reader = _MapReader(path)
    for number, line in enumerate(_read(path).splitlines(), start=1):
        reader.add(number, line)
    return reader.finish()


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        close = difflib.get_close_matches(path.name, builtin_names(), n=1)
        hint = f"did you mean {close[0]}?" if close else f"the built-in maps are {', '.join(builtin_names())}"
        raise LabelError(f"{path}: there is no label map of that name and no such file; {hint}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LabelError(f"{path}: the label map cannot be read: {reason}; expected a CSV file") from error
    if len(content) > _MOST_BYTES:
        raise LabelError(f"{path}: is larger than {_MOST_BYTES:,} bytes, expected a label map")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelError(f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8 in your editor") from error


@dataclass
class _MapReader:
    """Collects the lines of one file; `place_of_label` and `rest` hold a class index and a line number."""

    path: Path
    names: list[str] = field(default_factory=list)
    colors: list[Color] = field(default_factory=list)
    line_of_class: dict[str, int] = field(default_factory=dict)
    place_of_label: dict[int, tuple[int, int]] = field(default_factory=dict)
    rest: tuple[int, int] | None = None

    def add(self, number: int, line: str) -> None:
        """Adds one line, numbered from 1."""
        fields = self._split(number, line)
        if not fields:
            return
        name, *others = fields
        if plain_name(name) == _IGNORED:
            class_index = IGNORE
            if others and (not others[0] or _COLOR.fullmatch(others[0])):
                others = others[1:]
        else:
            class_index = self._add_class(number, name, others[0] if others else "")
            others = others[1:]
        if not others:
            raise self._error(
                number, f"{name!r} has no label; name its labels, or write {_REST} for the rest or {_NONE} for none"
            )
        if others != [_NONE]:
            for label in others:
                self._add_label(number, class_index, label)

    def _split(self, number: int, line: str) -> list[str]:
        if line.lstrip('" \t').startswith("#"):
            return []
        try:
            (row,) = csv.reader([_COMMENT.sub("", line)], skipinitialspace=True, strict=True)
        except (csv.Error, ValueError):
            raise self._error(number, f"{line[:80]!r} is not a line of a CSV file; {_FORM}") from None
        fields = [" ".join(part.split()) for part in row]
        while fields and not fields[-1]:
            fields.pop()
        return fields

    def _add_class(self, number: int, name: str, color: str) -> int:
        if not name:
            raise self._error(number, f"the class has no name; {_FORM}")
        if not name.isprintable():
            raise self._error(number, f"the class name {name!r} cannot be printed")
        if (before := self.line_of_class.setdefault(plain_name(name), number)) != number:
            raise self._error(number, f"there is a class {name!r} in line {before} already")
        red, green, blue = map(int, color.split()) if _COLOR.fullmatch(color) else (256, 256, 256)
        if max(red, green, blue) > 255:
            raise self._error(number, f"{color!r} is not a colour for {name!r}; expected, for example, 0 0 142")
        if len(self.names) == IGNORE:
            raise self._error(number, f"{name!r} is class number {IGNORE + 1}; a mask has room for {IGNORE}")
        self.names.append(name)
        self.colors.append((red, green, blue))
        return len(self.names) - 1

    def _add_label(self, number: int, class_index: int, name: str) -> None:
        if name == _REST:
            if self.rest is not None:
                raise self._error(number, f"{_REST} stands in line {self.rest[1]} already")
            self.rest = class_index, number
            return
        label = CITYSCAPES.find(name)
        if label is None:
            raise self._error(number, _unknown(name))
        if label.id in self.place_of_label:
            before = self.place_of_label[label.id][1]
            raise self._error(number, f"the label {label.name!r} is named in line {before} already")
        self.place_of_label[label.id] = class_index, number

    def finish(self) -> LabelMap:
        """Makes the map when all lines are in."""
        if not self.names:
            raise LabelError(f"{self.path}: has no class; {_FORM} on each line")
        painted = [label for label in CITYSCAPES if 0 <= label.id <= LARGEST_ID]
        left_out = [label.name for label in painted if label.id not in self.place_of_label]
        if left_out and self.rest is None:
            raise LabelError(
                f"{self.path}: no line says what becomes of {', '.join(left_out)}; name them, "
                f"or write {_REST} as a label of the class they belong to, or '{_IGNORED}, {_REST}'"
            )
        class_of_rest = self.rest[0] if self.rest else IGNORE
        class_of_id = (self.place_of_label.get(label.id, (class_of_rest, 0))[0] for label in painted)
        return LabelMap(tuple(self.names), tuple(self.colors), tuple(class_of_id))

    def _error(self, number: int, reason: str) -> LabelError:
        return LabelError(f"{self.path}: line {number}: {reason}")


def _unknown(name: str) -> str:
    names = {plain_name(label.name): label.name for label in CITYSCAPES}
    close = difflib.get_close_matches(plain_name(name), names, n=1, cutoff=0.5)
    hint = f"did you mean {names[close[0]]!r}?" if close else "the labels are those of the Cityscapes label table"
    return f"there is no label {name!r}; {hint}"
