"""dvc.lock of a small pipeline that runs in no time: what a run gives is computed, not run.

``a`` and ``b`` write their parameter, ``join`` reads both files and writes ``f`` and ``g``, which
depend on both values, though a change of one value may leave one of them as it is.
"""

import hashlib
from collections.abc import Iterable, Mapping

from nbsnake.dvc.lockblocks import Blocks, blocks_of, files_of, stage_name
from nbsnake.dvc.lockfile import HEAD
from nbsnake.job.locktext import entry_text

FILES = {"a": "data/a.txt", "b": "data/b.txt", "f": "data/f.txt", "g": "data/g.json"}


def md5(value: object) -> str:
    return hashlib.md5(str(value).encode()).hexdigest()


VALUES = {md5(value): value for value in range(100)}


def results(a: int, b: int) -> dict[str, int]:
    """What ``join`` writes."""
    return {"f": a * b if a > 1 else 1, "g": a * b if b > 1 else 1}


def entry(
    name: str, deps: Mapping[str, int], params: Mapping[str, int], outs: Mapping[str, int]
) -> str:
    body = {
        "cmd": f"python {name}.py",
        "deps": _files(deps),
        "params": {"params.yaml": dict(params)},
        "outs": _files(outs),
    }
    kept = {key: value for key, value in body.items() if value not in ([], {"params.yaml": {}})}
    return f"  {name}:\n{entry_text(kept, 4)}"


def _files(values: Mapping[str, int]) -> list[dict[str, object]]:
    return [
        {"path": FILES[name], "hash": "md5", "md5": md5(value), "size": len(str(value))}
        for name, value in values.items()
    ]


def join_entry(a: int, b: int, f: int, g: int) -> str:
    return entry("join", {"a": a, "b": b}, {}, {"f": f, "g": g})


def lock_of_run(a: int, b: int) -> str:
    """dvc.lock after all stages ran."""
    return lock(
        [
            entry("a", {}, {"a.level": a}, {"a": a}),
            entry("b", {}, {"b.level": b}, {"b": b}),
            join_entry(a, b, **results(a, b)),
        ]
    )


def lock(entries: Iterable[str]) -> str:
    return HEAD + "".join(entries)


def wrong_entries(text: str) -> set[str]:
    """The stages whose outputs are not what a run on their inputs gives."""
    return {stage_name(line) for line, block in blocks_of(text).items() if not _is_true(block)}


def _is_true(block: str) -> bool:
    files = files_of(block)
    values = {path: VALUES[digest] for path, digest in files.deps.items()}
    if not values:
        (digest,) = files.outs.values()
        return f".level: {VALUES[digest]}\n" in block
    found = results(values[FILES["a"]], values[FILES["b"]])
    return files.outs == {FILES[name]: md5(value) for name, value in found.items()}


def only(blocks: Blocks) -> str:
    """The one block."""
    (block,) = blocks.values()
    return block
