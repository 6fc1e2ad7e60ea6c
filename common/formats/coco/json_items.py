"""COCO's JSON files read item by item, without ever holding a whole file.

Assumes an object with lists of objects in it, as `images`, `annotations` and `categories`, in any order. Knows nothing
of what the objects are.
"""

import json

import ijson

from common.errors import DataError

# One image or annotation; the most detailed outline of the COCO dataset has about 20,000 numbers.
LARGEST_ITEM_VALUES = 1_000_000
_LONGEST_TEXT_BYTES = 16 * 1024 * 1024
_DEEPEST = 16
LONGEST_ID = 1000
_CHUNK_BYTES = 256 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SCALARS = {"number", "string", "boolean", "null"}


def read_items(source, keys):
    """Reads the lists of a JSON file item by item.

    Args:
        source: `Source` of the file.
        keys: Names of the members wanted, each a list of objects; all others are passed over.

    Yields:
        `(key, number, item)`, the number counted from 0 in its list; in the order of the file.

    Raises:
        DataError: If the file is missing, no JSON, or has not all of the lists; names the file and the place.
    """
    events = _events(source)
    event, _ = next(events)
    if event != "start_map":
        raise DataError(f"{source}: holds no object; one with {', '.join(keys)} was expected")
    seen = set()
    for event, key in events:
        if event == "end_map":
            break
        if key in seen and key in keys:
            raise DataError(f"{source}: has {key} twice; one list was expected")
        seen.add(key)
        event, _ = next(events)
        if key not in keys:
            _pass_over(events, event)
        elif event != "start_array":
            raise DataError(f"{source}: {key} is no list; a list of objects was expected")
        else:
            yield from _items_of_list(source, events, key)
    for _ in events:
        pass  # what follows the object is tested by the parser
    missing = [key for key in keys if key not in seen]
    if missing:
        raise DataError(f"{source}: has no {missing[0]}; {', '.join(keys)} were expected, found {_some(seen)}")


def _items_of_list(source, events, key):
    for number, (event, _) in enumerate(events):
        if event == "end_array":
            return
        where = f"{source}: {key}, item {number:,}"
        if event != "start_map":
            raise DataError(f"{where}: is no object")
        yield key, number, _build_object(where, events)


def _events(source):
    """Yields the parser's `(event, value)`; an error names the place in the file."""
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
            yield from found
            if not chunk:
                return
            position += len(chunk)
            quiet = 0 if found else quiet + len(chunk)
            if quiet > _LONGEST_TEXT_BYTES:
                raise DataError(f"{source}: has a text of more than {_LONGEST_TEXT_BYTES:,} bytes near {position:,}")
            del found[:]


def _what_is_wrong(error, position):
    text = error.args[0] if error.args else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    reason, *rest = [line.strip() for line in text.splitlines()] or ["it ends too early"]
    near = f", at {rest[0][:60]!r}" if rest and rest[0] else ""
    return f"is no valid JSON after byte {position:,}: {reason}{near}"


def _pass_over(events, event):
    depth = event.startswith("start_")
    while depth:
        event, _ = next(events)
        if event in ("start_map", "start_array"):
            depth += 1
        elif event in ("end_map", "end_array"):
            depth -= 1


def _build_object(where, events):
    """Builds the object whose beginning has just been read."""
    whole = container = {}
    outer, key = [], None
    for count, (event, value) in enumerate(events):
        if event == "number" or event in _SCALARS:
            if key is None:
                container.append(value)
            else:
                container[key] = value
        elif event == "map_key":
            key = value
        elif event in ("start_map", "start_array"):
            inner = {} if event == "start_map" else []
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


def _some(names):
    return ", ".join(sorted(repr(name[:30]) for name in names)[:6]) or "nothing"


def item_key(where, item, name):
    """Reads an id, a whole number or a text.

    Args:
        where: What to call the item in errors.
        item: The object.
        name: Of the member, as "image_id".

    Returns:
        The text it is looked up by; that of 1 and that of "1" are different.

    Raises:
        DataError: If it is missing, neither of the two, or longer than any id.
    """
    value = item.get(name)
    if not (type(value) is int or (isinstance(value, str) and len(value) <= LONGEST_ID)):
        raise DataError(f"{where}: {name} is {str(value)[:40]!r}, a whole number or a text was expected")
    return json.dumps(value)
