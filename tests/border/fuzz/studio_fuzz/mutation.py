"""Documents bent at random: their bytes, or the values of their JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

SEEDS = Path(__file__).parents[1] / "seeds"
SCALARS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**400, 0.5, 1e-8, 5e-324, 1e308, float("nan"), float("inf"),
    "", " ", "0", "nan", "\ud800", "\x00", "é", "\u202e", "🩷", "x" * 300, "https://h/?a=b", "http://[", "data:,",
    [], {}, "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-02-30T00:00:00Z", "starting", "succeeded",
)  # fmt: skip
LARGE = ("x" * 100_000, ["y"] * 20_000, {"k" * 1000: "v" * 10_000})
"""Rare, because each takes as long as hundreds of others."""
ALPHABET = 'ab {}[]":,\\/\x00\x1f\x7f\x85é\u0301\u200b\u202e\ufeff\uffff\ud83d🩷0123456789.-+eE'
RARE = 0.003


def corpus(name: str) -> tuple[bytes, ...]:
    """Good documents of this kind."""
    return tuple(path.read_bytes().rstrip(b"\n") for path in sorted((SEEDS / name).iterdir()))


def text(random: Random, longest: int = 40) -> str:
    """Any characters, lone surrogates among them."""
    if random.random() < 0.1:
        return "".join(chr(random.randrange(0x11_0000)) for _ in range(random.randrange(longest)))
    return "".join(random.choices(ALPHABET, k=random.randrange(longest)))


def value(random: Random, depth: int = 0) -> Any:
    """A value of JSON of any shape."""
    chosen = random.random()
    if chosen < RARE:
        return random.choice(LARGE)
    if chosen < 0.55 or depth > 3:
        return random.choice(SCALARS)
    if chosen < 0.7:
        return text(random)
    if chosen < 0.8:
        return random.choice((random.getrandbits(random.choice((8, 33, 70))), random.uniform(-1e3, 1e3)))
    size = random.randrange(4)
    if chosen < 0.9:
        return [value(random, depth + 1) for _ in range(size)]
    return {text(random, 8): value(random, depth + 1) for _ in range(size)}


def document(random: Random, good: tuple[bytes, ...]) -> bytes:
    """A good document whose values or bytes are bent, or something else altogether."""
    chosen = random.random()
    if chosen < 0.05:
        return random.randbytes(random.randrange(80))
    if chosen < 0.1:
        return json.dumps(value(random)).encode()
    data = random.choice(good)
    if chosen < 0.9:
        data = _bent_values(random, data)
    return data if chosen < 0.8 else bent_bytes(random, data)


def _bent_values(random: Random, data: bytes) -> bytes:
    try:
        parsed = json.loads(data)
    except ValueError:
        return data
    for _ in range(random.choice((1, 1, 2, 3))):
        places = list(_places(parsed))
        if not places:
            break
        holder, key = random.choice(places)
        _bend(random, holder, key)
    return json.dumps(parsed, ensure_ascii=True).encode()


def _places(parsed: Any) -> Iterator[tuple[Any, Any]]:
    keys = range(len(parsed)) if isinstance(parsed, list) else parsed if isinstance(parsed, dict) else ()
    for key in keys:
        yield parsed, key
        yield from _places(parsed[key])


def _bend(random: Random, holder: Any, key: Any) -> None:
    match random.randrange(8):
        case 0:
            del holder[key]
        case 1:
            holder[key] = [holder[key]] * random.randrange(4)
        case 2 if isinstance(holder, dict):
            holder[text(random, 8)] = value(random)
        case 3:
            holder[key] = value(random)
        case _:
            holder[key] = _alike(random, holder[key])


def _alike(random: Random, old: Any) -> Any:
    """Another value of the same kind: it gets further than one of another kind."""
    match old:
        case bool() | None:
            return random.choice((True, False, None))
        case str():
            start = random.randint(0, len(old))
            return old[:start] + text(random, 12) + old[random.randint(start, len(old)) :]
        case int() | float():
            return random.choice((old + 1, old - 1, -old, old * 2, old // 3, random.randrange(16), 2**32))
        case list():
            return random.choices(old, k=random.randrange(5)) if old else [value(random)]
        case _:
            return {**old, random.choice(("", *old)): value(random)}


def bent_bytes(random: Random, good: bytes) -> bytes:
    """Bytes changed, cut out, repeated or put in."""
    data = bytearray(good)
    for _ in range(random.randint(1, 4)):
        start = random.randint(0, len(data))
        end = start + random.randrange(64)
        match random.randrange(7):
            case 0:
                data[start : start + 1] = random.randbytes(1)
            case 1:
                del data[start:end]
            case 2:
                data[end:end] = data[start:end] * (20_000 if random.random() < RARE else random.choice((1, 2, 50)))
            case 3:
                data[start:start] = random.randbytes(random.randrange(32))
            case 4:
                del data[start:]
            case 5:
                number = random.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
                data[start : start + 4] = number.to_bytes(4)
            case 6:
                times = 100_000 if random.random() < RARE else 1
                data[start:start] = random.choice((b"[", b'{"a":', b'"')) * times
    return bytes(data)
