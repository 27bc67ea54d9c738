"""Notebooks with faults, each the same in every run: ``mutate.py NUMBER`` prints one of them.

A seed is a sound notebook; some of its bytes or of its JSON values are changed. All that a
notebook could get executed by a careless reader would write the file ``CANARY``.
"""

import copy
import json
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

CANARY = "canary-was-here"
TOUCH = f"__import__('pathlib').Path('{CANARY}').touch()"
JINJA = f'{{{{ cycler.__init__.__globals__.os.system("touch {CANARY}") }}}}'
METADATA = f'''"""Text with {JINJA} and `touch {CANARY}` and $(touch {CANARY}) and {{{TOUCH}}}.

:param source: what is read, 100% of it
:param float rate: learning rate
:param list[str] words: some words
:param bool fast: whether
:param result: where it goes
:dvc-in source: data/source.csv
:dvc-in: data/other file.csv
:dvc-out result: data/result.txt
:dvc-metric: metrics.json
:dvc-extra: --rate 0.5 --words a b --fast
"""
import os
source = "../data/source.csv"
rate: float = 0.1
words = ["a", "b $(touch {CANARY})"]
fast = False
result = "../data/result.txt"
'''
STAGE = f'''r"""What MLV-tools's users write: a whole stage.

:param str data: \\it's "quoted", 100% of it: %(prog)s {{braces}} ünï 漢字
:param list[int] numbers: some
:dvc-meta-file: a stage's name
:dvc-cmd: dvc run -d data/a.csv -o "data/it's here" $MLV_PY_CMD_PATH --data $(touch {CANARY})
    --numbers 1 2 -m metrics.json
"""
data: str = "data/a.csv"  # what is read
numbers = [1, 2]
'''
CODE = [
    f"{TOUCH}\nopen({CANARY!r}, 'w').write('x')\n",
    f"eval({TOUCH!r})\nexec({TOUCH!r})\n",
    f"import os\nos.system('touch {CANARY}')\n",
    f"%matplotlib inline\n%run -i {CANARY}.py\n%load_ext {CANARY}\n",
    f"!touch {CANARY}\nfiles = !touch {CANARY}; ls\n",
    f"!!touch {{{TOUCH}}} $HOME $(touch {CANARY})\n",
    f"%%bash --out x\ntouch {CANARY}\n",
    f"%%time\n{TOUCH}\n",
    f"%%writefile {CANARY}\nx\n",
    f"%timeit -n 1 {TOUCH}\n?open\nos.path??\n",
    f"class A:\n    x = {TOUCH}\n\n    def f(self=({TOUCH})):\n        return f'{{{TOUCH}}}'\n",
    "if x:\n    !ls {x!r:>10} $x\n    y = %env HOME\n",
    "await asyncio.sleep(0)\nget_ipython().run_line_magic('ls', '')\ndisplay(1)\n",
    "# No effect\n1 / 0\n",
    "from __future__ import annotations\nx: int = 1\n",
    "s = '''\n%ls\n!ls\n'''\nt = 1 \\\n    % 2\n",
]
TEXT = [
    f"# Title {JINJA}\n{TOUCH}\n",
    '"""\n' + TOUCH + "\n",
    "\\u2028 \x0c %%bash\n```python\n1\n```",
]
VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**400, "", "x", "\ud800", "\x00", "%", "!", "?", "{", "`",
    [], {}, [[]], [None], ["a", 1], {"a": None}, {"": ""}, "code", "markdown", "raw", "heading",
    "python", "R", 3, 4, 5, 2, "4", 1e308, "\ufeff", "\u2028", "\r", "# %% cell 1", "'''", '"""',
]  # fmt: skip
LINES = [
    ":param: x", ":param int: x", ":param a b c: x", ":param list[list[int]] a: x", ":dvc-out: /",
    ":dvc-out: ../../x", ":dvc-in source: \x00", ":dvc-out result: x\x00y", ":dvc-extra: '", ":::",
    ":dvc-extra: $(touch x)", ":dvc-cmd: python x.py", ":threads: 0", ":resources: mem_mb=8",
    ":param " + "a" * 10_000 + ": x", ":dvc-in: " + "../" * 2000 + "x", ":param str rate: %(x)s",
    ":param float rate: \ud800", ":dvc-meta-file: x.dvc", ":foreach a: b c", ":dvc-out\u2028 x: y",
    "%%", "%", "!", "?", "??", "%%capture --no-such", "!!", "x = !", "x = %", "%%bash", ";", "/",
    "%run", "%cd", "%env", "%env A=B", "%pip install x", "!{", "!{1/}", "%time", "%%time -x", ",f",
    ";f a b", "/f 1", "a?b", "(" * 150, "[" * 99_999, "-" * 3000 + "1", "not " * 3000 + "1",
    "x" + ".a" * 5000, "x" + "()" * 3000, "1" + "+1" * 20_000, "9" * 5000, "f'{" * 50, "\\",
    "\t\tx\n  y", "lambda: (yield)", "return", "break", "nonlocal x", "async def f(): await", "'",
    "global rate; rate = 1", "for rate in words: pass", "rate += 1", "import rate", "del rate",
    "# No effect", "# no effect: really", "# %% cell 2", "__debug__ = 1", "print 'x'", "x = 1 if",
    ":dvc-in: {{ conf.path }}/x", ":param a: {{ 10 ** 10 ** 8 }}", "{{ 'x' * 10 ** 10 }}", JINJA,
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}", "{% x", "{{",
    "{{ conf.__class__.__mro__ }}", "{{ conf.words }}", "{% include '/etc/passwd' %}", "{{ a.b }}",
    "*a, = b", "{**a}", "match x:\n    case 1: pass", "rate = rate = 2", "(rate := 3)", "rate: int",
]  # fmt: skip
TAGS: list[Any] = [
    "parameters", ["parameters"], ["injected-parameters"], ["no-effect", 1], [["remove_cell"]], {},
    [None], "no-effect", ["skip-execution"] * 1000, [{"a": 1}], 5,
]  # fmt: skip


def mutated(number: int, seeds: list[bytes]) -> bytes:
    """The notebook of this number; most have one fault, few have many."""
    chance = random.Random(f"nbsnake {number}")
    data = chance.choice(seeds)
    if chance.random() < 0.6:
        fields = json.loads(data)
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            fields = chance.choice(OF_JSON)(fields, chance)
        data = _dump(fields, chance)
    if chance.random() < 0.5:
        for _ in range(chance.choice((1, 1, 2, 8))):
            data = chance.choice(OF_BYTES)(data, chance, seeds)
    return data


def _dump(fields: Any, chance: random.Random) -> bytes:
    """JSON, in which lone surrogates are escaped as JavaScript does, or sit there as bad UTF-8."""
    text = json.dumps(fields, ensure_ascii=chance.random() < 0.8)
    return text.encode("utf-8", "surrogatepass")


def make_seeds(more: list[bytes]) -> list[bytes]:
    """Steps, plain notebooks of all kinds of cells, and ``more``."""
    steps = [
        notebook(METADATA, *CODE),
        notebook(METADATA, *CODE[13:]),
        notebook(METADATA, "x = 1\n"),
        notebook(STAGE, "x = 1\n"),
    ]
    return steps * 6 + [notebook(code) for code in CODE] + [_old(), *more]


def notebook(*code: str) -> bytes:
    """A notebook of these code cells, between others of text."""
    cells = [_cell("code", source) for source in code]
    cells[1:1] = [_cell("markdown", TEXT[0]), _cell("raw", TEXT[1]), _cell("markdown", TEXT[2])]
    metadata = {
        "kernelspec": {"name": "python3", "language": "python", "display_name": JINJA},
        "language_info": {"name": "python", "version": "3.11.0", "file_extension": ".py"},
    }
    fields = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return json.dumps(fields, indent=1).encode()


def _cell(kind: str, source: str) -> dict[str, Any]:
    fields = {"cell_type": kind, "id": "a", "metadata": {"tags": []}, "source": source}
    if kind == "code":
        output = {"output_type": "stream", "name": "stdout", "text": [TOUCH]}
        fields |= {"execution_count": 1, "outputs": [output]}
        fields["source"] = source.splitlines(keepends=True)
    return fields


def _old() -> bytes:
    """A notebook of format 3."""
    cells = [
        {"cell_type": "heading", "level": 1, "metadata": {}, "source": JINJA},
        *({"cell_type": "code", "language": "python", "metadata": {}, "collapsed": False,
           "outputs": [], "input": code} for code in (METADATA, *CODE[:3])),
    ]  # fmt: skip
    worksheets = [{"cells": cells, "metadata": {}}]
    fields = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}}
    return json.dumps({**fields, "worksheets": worksheets}).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container with each of its keys."""
    pending = [value]
    while pending:
        value = pending.pop()
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield value, key
            if isinstance(value[key], dict | list):
                pending.append(value[key])


def _place(fields: Any, chance: random.Random) -> tuple[Any, Any]:
    places = list(_places(fields)) if isinstance(fields, dict | list) else []
    return chance.choice(places) if places else ([None], 0)


def _sources(fields: Any) -> list[tuple[Any, Any]]:
    found = _places(fields) if isinstance(fields, dict | list) else ()
    return [(at, key) for at, key in found if key in ("source", "input")]


def replace_value(fields: Any, chance: random.Random) -> Any:
    at, key = _place(fields, chance)
    at[key] = copy.deepcopy(chance.choice(VALUES))
    return fields


def delete_value(fields: Any, chance: random.Random) -> Any:
    at, key = _place(fields, chance)
    del at[key]
    return fields


def swap_values(fields: Any, chance: random.Random) -> Any:
    (at, key), (other, other_key) = _place(fields, chance), _place(fields, chance)
    at[key], other[other_key] = copy.deepcopy((other[other_key], at[key]))
    return fields


def nest_value(fields: Any, chance: random.Random) -> Any:
    """Deep, but not too deep for the JSON writer here; :func:`nest_bytes` goes further."""
    at, key = _place(fields, chance)
    for _ in range(chance.choice((1, 50, 400))):
        at[key] = [at[key]] if chance.random() < 0.5 else {"cells": at[key]}
    return fields


def grow_value(fields: Any, chance: random.Random) -> Any:
    at, key = _place(fields, chance)
    piece = chance.choice(("x", "\n", "%ls\n", '"""', "\x00", "\ud83d", "(", "#", ":param a: b\n"))
    at[key] = piece * chance.choice((1, 1000, 10_000))
    return fields


def set_tags(fields: Any, chance: random.Random) -> Any:
    for at, key in _places(fields) if isinstance(fields, dict | list) else ():
        if key == "tags" and chance.random() < 0.5:
            at[key] = copy.deepcopy(chance.choice(TAGS))
    return fields


def change_text(fields: Any, chance: random.Random) -> Any:
    """A line of a cell is added, dropped, doubled, or cut."""
    sources = _sources(fields)
    if not sources:
        return fields
    at, key = chance.choice(sources)
    text = "".join(at[key]) if _is_text(at[key]) else ""
    lines = text.splitlines(keepends=True) or [""]
    place = chance.randrange(len(lines))
    act = chance.randrange(5)
    if act <= 1:
        line = chance.choice(LINES)
        lines.insert(
            place, chance.choice(("", "", "    ")) + line + chance.choice(("\n", "\n", ""))
        )
    elif act == 2:
        del lines[place]
    elif act == 3:
        lines[place] *= chance.choice((2, 100))
    else:
        line = lines[place]
        begin = chance.randrange(len(line) + 1)
        lines[place] = (
            line[:begin]
            + chance.choice(("", "\x00", "'", '"', ":", "\\", "\r"))
            + line[begin + 1 :]
        )
    at[key] = "".join(lines)
    return fields


def _is_text(value: Any) -> bool:
    is_list = isinstance(value, list) and all(isinstance(line, str) for line in value)
    return is_list or isinstance(value, str)


def flip(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    place = chance.randrange(len(data) or 1)
    return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]


def delete(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    place = chance.randrange(len(data) or 1)
    return data[:place] + data[place + chance.choice((1, 2, 20, 200)) :]


def insert(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    place = chance.randrange(len(data) or 1)
    piece = chance.choice(
        (b"\x00", b"\xff", b'"', b"{", b"]", b",", b"\\", b"\\ud800", b"<<<<<<< HEAD\n")
    )
    return data[:place] + piece + data[place:]


def double(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    begin = chance.randrange(len(data) or 1)
    end = begin + chance.choice((1, 10, 1000))
    return data[:end] + data[begin:]


def truncate(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    return data[: chance.randrange(len(data) or 1)]


def splice(data: bytes, chance: random.Random, seeds: list[bytes]) -> bytes:
    other = chance.choice(seeds)
    return data[: chance.randrange(len(data) or 1)] + other[chance.randrange(len(other)) :]


def nest_bytes(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    place = data.find(b":", chance.randrange(len(data) or 1)) + 1
    depth = chance.choice((100, 2000, 100_000))
    begin, end = chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
    return data[:place] + begin * depth + b"1" + end * depth + b"," + data[place:]


def huge_number(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    place = data.find(b":", chance.randrange(len(data) or 1)) + 1
    number = chance.choice((b"9" * 5000, b"-1e999", b"NaN", b"Infinity", b"1" * 100_000))
    return data[:place] + number + b"," + data[place:]


OF_JSON: list[Callable[[Any, random.Random], Any]] = [
    replace_value, delete_value, swap_values, nest_value, grow_value, set_tags,
    change_text, change_text, change_text, change_text,
]  # fmt: skip
OF_BYTES: list[Callable[[bytes, random.Random, list[bytes]], bytes]] = [
    flip, flip, delete, insert, double, truncate, splice, nest_bytes, huge_number,
]  # fmt: skip


if __name__ == "__main__":
    from corpus_files import get_corpus
    from mutation_worker import corpus_seeds

    sys.stdout.buffer.write(mutated(int(sys.argv[1]), corpus_seeds(get_corpus())))
