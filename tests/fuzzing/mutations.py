"""Changes a valid file as damage and strangers do: bits, pieces, lengths, numbers and, in JSON, values."""

import copy
import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

_NUMBERS = (0, -1, 1, 255, 256, 65_536, 2**31, 2**32 - 1, 2**63, 10**30, 0.5, -0.0, 64.0, 1e308)
_VALUES = (
    None,
    True,
    "",
    "\x00",
    "../../x",
    "/etc/passwd",
    "C:\\x",
    "\x1b[31m\n",
    "NaN",
    [],
    {},
    [[]],
    {"": 0},
    *_NUMBERS,
)
_TEXTS = (
    b"NaN",
    b"1e999",
    b"-1",
    b"99999999999999999999",
    b"\x00",
    b"../",
    b"\xff\xfe",
    b"\r\n",
    b"[" * 2000,
    b"%s" * 9,
)


def mutate(data: bytes, random_: random.Random) -> bytes:
    """Changes bytes once or a few times; JSON half the time by its values, zips mostly inside of a member."""
    if data.startswith(b"PK") and random_.random() < 0.8 and (changed := _mutate_member(data, random_)) is not None:
        return changed
    if random_.random() < 0.5 and (changed := _mutate_json(data, random_)) is not None:
        return changed
    for _ in range(random_.choice((1, 1, 1, 2, 4))):
        data = random_.choice(_CHANGES)(data, random_)
    return data


def _flip(data: bytes, random_: random.Random) -> bytes:
    if not data:
        return b"\x00"
    place = random_.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << random_.randrange(8)]) + data[place + 1 :]


def _cut(data: bytes, random_: random.Random) -> bytes:
    return data[: random_.randrange(len(data) + 1)]


def _remove(data: bytes, random_: random.Random) -> bytes:
    start = random_.randrange(len(data) + 1)
    return data[:start] + data[start + random_.randrange(1, 64) :]


def _insert(data: bytes, random_: random.Random) -> bytes:
    start = random_.randrange(len(data) + 1)
    piece = random_.choice(_TEXTS) if random_.random() < 0.5 else random_.randbytes(random_.randrange(1, 32))
    return data[:start] + piece + data[start:]


def _repeat(data: bytes, random_: random.Random) -> bytes:
    start = random_.randrange(len(data) + 1)
    piece = data[start : start + random_.randrange(1, 256)]
    return data[:start] + piece * random_.randrange(2, 9) + data[start:]


def _overwrite_number(data: bytes, random_: random.Random) -> bytes:
    """Writes a large or small whole number over a few bytes: lengths and sizes are stored so."""
    width = random_.choice((1, 2, 4, 8))
    if len(data) < width:
        return data
    place = random_.randrange(len(data) - width + 1)
    value = random_.choice((0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1)))
    return data[:place] + value.to_bytes(width, random_.choice(("big", "little"))) + data[place + width :]


def _replace_digits(data: bytes, random_: random.Random) -> bytes:
    places = [place for place, byte in enumerate(data[:100_000]) if chr(byte).isdigit()]
    if not places:
        return data
    place = random_.choice(places)
    return data[:place] + random_.choice(_TEXTS) + data[place + 1 :]


_CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _flip, _cut, _remove, _insert, _repeat, _overwrite_number, _replace_digits,
)  # fmt: skip


def _mutate_member(data: bytes, random_: random.Random) -> bytes | None:
    """Changes one member of a zip and its name now and then, with right checksums; None for a damaged zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if not members:
        return None
    chosen = random_.choice(sorted(members))
    content = mutate(members.pop(chosen), random_)
    members[chosen if random_.random() < 0.9 else random_.choice(("../x", "a//b", "./" + chosen))] = content
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as archive:
        for name, each in members.items():
            archive.writestr(name, each)
    return changed.getvalue()


def _mutate_json(data: bytes, random_: random.Random) -> bytes | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    places = list(_places(value))
    if not places:
        return None
    for _ in range(random_.choice((1, 1, 2))):
        holder, key = random_.choice(places)
        _change_value(holder, key, random_)
    return json.dumps(value).encode()


def _places(value: Any) -> Any:
    """Yields every list or object with each of its keys."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _change_value(holder: Any, key: Any, random_: random.Random) -> None:
    change = random_.randrange(4)
    if isinstance(key, int) and key >= len(holder) or isinstance(holder, dict) and key not in holder:
        return
    if change == 0:
        del holder[key]
    elif change == 1 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif change == 2 and isinstance(holder, dict):
        holder[random_.choice(("", "x", "id", "__class__"))] = holder.pop(key)
    else:
        holder[key] = copy.deepcopy(random_.choice(_VALUES + (float("nan"), float("inf"))))
