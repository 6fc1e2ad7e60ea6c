"""COCO's JSON files read item by item, without ever holding a whole file.

Assumes an object whose members are lists of objects, for example `images`, `annotations` and `categories`, in any
order. Knows nothing of what the objects mean.
"""

import json
from collections.abc import Iterator
from typing import Any

import ijson

from common.errors import DataError
from common.files.numbers import whole_number
from common.files.sources import Source
from common.text import first_few

# Values are checked where they are used.
JsonObject = dict[str, object]
# One image or annotation; the most detailed outline of the COCO dataset has about 20,000 numbers.
LARGEST_ITEM_VALUES = 1_000_000
LONGEST_ID = 1000
_LONGEST_TEXT_BYTES = 16 * 1024 * 1024
_DEEPEST = 16
_CHUNK_BYTES = 256 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SCALARS = {"number", "string", "boolean", "null"}
# What the parser found and its value, which may be anything that JSON holds.
_Events = Iterator[tuple[str, Any]]


def read_items(source: Source, keys: tuple[str, ...]) -> Iterator[tuple[str, int, JsonObject]]:
    """Reads the members `keys` of a JSON file, each a list of objects, item by item; all others are passed over.

    Yields:
        Key of the list, place in it from 0, and item; in the order of the file.

    Raises:
        DataError: If the file is missing, is not valid JSON, or lacks one of the lists; names the file and the place.
    """
    events = _events(source)
    event, _ = next(events)
    if event != "start_map":
        raise DataError(f"{source}: is not an object; expected one with {', '.join(keys)}")
    seen = set()
    for event, key in events:
        if event == "end_map":
            break
        if key in seen and key in keys:
            raise DataError(f"{source}: has {key} twice; expected one list")
        seen.add(key)
        event, _ = next(events)
        if key not in keys:
            _pass_over(events, event)
        elif event != "start_array":
            raise DataError(f"{source}: {key} is not a list; expected a list of objects")
        else:
            yield from _items_of_list(source, events, key)
    for _ in events:
        pass  # the parser checks what follows the object
    missing = [key for key in keys if key not in seen]
    if missing:
        found = first_few((name[:30] for name in sorted(seen)), 6) or "nothing"
        raise DataError(f"{source}: has no {missing[0]}; expected {', '.join(keys)}, found {found}")


def read_list(source: Source) -> Iterator[tuple[int, JsonObject]]:
    """Reads a JSON file that is a list of objects, item by item; raises DataError as `read_items` does."""
    events = _events(source)
    event, _ = next(events)
    if event != "start_array":
        raise DataError(f"{source}: is not a list; expected a list of objects")
    for _, number, item in _items_of_list(source, events, "the list"):
        yield number, item
    for _ in events:
        pass  # the parser checks what follows the list


def _items_of_list(source: Source, events: _Events, key: str) -> Iterator[tuple[str, int, JsonObject]]:
    for number, (event, _) in enumerate(events):
        if event == "end_array":
            return
        where = f"{source}: {key}, item {number:,}"
        if event != "start_map":
            raise DataError(f"{where}: is not an object")
        yield key, number, _build_object(where, events)


def _events(source: Source) -> _Events:
    """Yields what the parser finds; an error names the place in the file."""
    found = ijson.sendable_list()
    parser = ijson.basic_parse_coro(found, use_float=True)
    position = quiet = 0
    with source.open() as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            if position == 0:
                chunk = chunk.removeprefix(_BYTE_ORDER_MARK)
            try:
                parser.send(chunk) if chunk else parser.close()
            except ijson.JSONError as error:
                raise DataError(f"{source}: {_what_is_wrong(error, position)}") from error
            except UnicodeDecodeError as error:  # "\\udcff" alone
                raise DataError(f"{source}: has an escape that is no letter after byte {position:,}") from error
            yield from found
            if not chunk:
                return
            position += len(chunk)
            quiet = 0 if found else quiet + len(chunk)
            if quiet > _LONGEST_TEXT_BYTES:
                raise DataError(f"{source}: has a text of more than {_LONGEST_TEXT_BYTES:,} bytes near {position:,}")
            del found[:]


def _what_is_wrong(error: Exception, position: int) -> str:
    text = error.args[0] if error.args else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    reason, *rest = [line.strip() for line in text.splitlines()] or ["it ends too early"]
    near = f", at {rest[0][:60]!r}" if rest and rest[0] else ""
    return f"is not valid JSON after byte {position:,}: {reason}{near}"


def _pass_over(events: _Events, event: str) -> None:
    depth = int(event.startswith("start_"))
    while depth:
        event, _ = next(events)
        if event in ("start_map", "start_array"):
            depth += 1
        elif event in ("end_map", "end_array"):
            depth -= 1


def _build_object(where: str, events: _Events) -> JsonObject:
    """Builds the object whose beginning has just been read."""
    whole: JsonObject = {}
    container: Any = whole
    outer: list[tuple[Any, str | None]] = []
    key = None
    for count, (event, value) in enumerate(events):
        if event == "number" or event in _SCALARS:
            if key is None:
                container.append(value)
            else:
                container[key] = value
        elif event == "map_key":
            key = value
        elif event in ("start_map", "start_array"):
            inner: Any = {} if event == "start_map" else []
            if key is None:
                container.append(inner)
            else:
                container[key] = inner
            outer.append((container, key))
            container, key = inner, None
            if len(outer) > _DEEPEST:
                raise DataError(f"{where}: has lists in lists more than {_DEEPEST} deep")
        elif outer:
            container, key = outer.pop()
        else:
            return whole
        if count > LARGEST_ITEM_VALUES:
            raise DataError(f"{where}: has more than {LARGEST_ITEM_VALUES:,} values")
    raise DataError(f"{where}: is cut off")


def item_key(where: str, item: JsonObject, name: str) -> str:
    """Reads an id, the member `name`, as the text it is looked up by; that of 1 and that of "1" are different.

    Raises:
        DataError: If it is missing, neither a whole number nor a text, or longer than any id; names `where`, the item.
    """
    value = item.get(name)
    key = value if isinstance(value, str) and len(value) <= LONGEST_ID else whole_number(value)
    if key is None:
        raise DataError(f"{where}: {name} is {str(value)[:40]!r}; expected a whole number or a text")
    return json.dumps(key)
