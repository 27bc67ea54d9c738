"""Damaged copies of files: by their bytes, and by the types of what JSON or YAML files contain."""

import json
import random
from typing import Any

ODD = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2**31,
        10**30,
        -(10**30),
        0.5,
        1e308,
        float("nan"),
        float("inf"),
    ),
    *("", "x", "../../outside", "/etc/passwd", ".git/config", "a\0b", "\x1b[31m\u202e", "x" * 5000),
    *("0" * 32, "f" * 32 + ".dir", "F" * 32, "2001-13-45", "1e999", "~", "${x}", "-", "\ud83d"),
    *([], {}, [[]], [{}], {"": None}, [None] * 50, {"path": 1}, {"path": "../x", "md5": "0" * 32}),
)


def damaged(data: bytes, dice: random.Random) -> bytes:
    """The bytes with a few of them changed, missing, doubled, or new."""
    found = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(found) + 1)
        match dice.randrange(5):
            case 0:
                found[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del found[at : at + dice.randint(1, 30)]
            case 2:
                found[at:at] = found[at : at + dice.randint(1, 30)]
            case 3:
                found[at:at] = dice.randbytes(dice.randint(1, 8))
            case 4:
                del found[at:]
    return bytes(found)


def retyped(fields: Any, dice: random.Random) -> Any:
    """JSON fields with a few values of other types, other keys, or without some."""
    found = json.loads(json.dumps(fields))
    for _ in range(dice.randint(1, 3)):
        if dice.random() < 0.03 or not isinstance(found, dict | list) or not found:
            return dice.choice(ODD)
        _retype(found, dice)
    return found


def _retype(node: Any, dice: random.Random) -> None:
    while True:
        key = dice.choice([*node]) if isinstance(node, dict) else dice.randrange(len(node))
        inner = node[key]
        if not isinstance(inner, dict | list) or not inner or dice.random() < 0.2:
            break
        node = inner
    match dice.randrange(6):
        case 0:
            del node[key]
        case 1 if isinstance(node, dict):
            node[str(dice.choice(ODD))] = node.pop(key)
        case 2 if isinstance(node, list):
            node *= 2
        case _:
            node[key] = dice.choice(ODD)


def nested(depth: int) -> str:
    """JSON that is nested too deeply for Python."""
    return "[" * depth + "]" * depth
