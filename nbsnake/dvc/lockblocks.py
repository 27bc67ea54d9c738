"""dvc.lock as text: one block for each stage, and the lines of a block.

DVC's printer gives one form only: a stage's name after two blanks, its sections after four. So no
YAML is parsed here.
"""

import re
from collections.abc import Container
from functools import lru_cache
from typing import NamedTuple

from nbsnake.dvc.lockfile import HEAD

Blocks = dict[str, str]  # by the line that names the stage
Line = tuple[str, ...]  # the keys under which a line stands, and the line
CACHED = 1 << 12  # blocks: those of a few versions of a large dvc.lock
_NAME = re.compile(r"\n  (?!- |[\s:#])")  # before a stage; ``:`` begins the value of a long key
_OUTER = re.compile(r"^(?!  |$)", re.MULTILINE)
_CONTENT = re.compile(r"^    - path: (.+)\n(?:      (?!md5:).*\n)*      md5: (\S+)$", re.MULTILINE)


class Files(NamedTuple):
    """The files of a stage: the md5 of each, by its path as dvc.lock prints it."""

    deps: dict[str, str]
    outs: dict[str, str]


def blocks_of(text: str) -> Blocks:
    """The text of each stage; none where the text has no stages."""
    head, *parts = _NAME.split(text.removesuffix("\n"))
    if not head.endswith("stages:"):
        return {}
    return {part.partition("\n")[0]: f"  {part}\n" for part in parts}


def is_plain(text: str) -> bool:
    """Whether the text is what DVC prints, and nothing else: it may be taken apart and joined."""
    body = text.removeprefix(HEAD)
    whole = "".join(blocks_of(text).values())
    return not text or (text.startswith(HEAD) and body == whole and not _OUTER.search(body))


def stage_name(line: str) -> str:
    """The name of the stage in the line that names it."""
    name = line.strip().removeprefix("? ").removesuffix(":")
    if name[:1] not in ("'", '"'):
        return name
    import yaml  # slow, and seldom needed

    return str(yaml.safe_load(name))


@lru_cache(maxsize=CACHED)
def lines_of(block: str) -> frozenset[Line]:
    """Each line of a block under its keys: git merges lines, and knows no other unit."""
    lines: set[Line] = set()
    above: list[tuple[int, str]] = []
    for line in block.splitlines()[1:]:
        text = line.lstrip(" ")
        depth = len(line) - len(text) + text.startswith("- ")
        while above and above[-1][0] >= depth:
            above.pop()
        lines.add((*(key for _, key in above), text.rstrip(" ")))
        above.append((depth, text if text.startswith("- ") else text.partition(":")[0]))
    return frozenset(lines)


@lru_cache(maxsize=CACHED)
def files_of(block: str) -> Files:
    """The files that a stage read and wrote."""
    inputs, _, outs = block.partition("\n    outs:\n")
    deps = inputs.partition("\n    deps:\n")[2]
    return Files(dict(_CONTENT.findall(f"{deps}\n")), dict(_CONTENT.findall(outs)))


def sources_of(block: str, outs: Container[str]) -> frozenset[Line]:
    """The lines of what a stage ran on, but for the files among ``outs``, which stages write."""
    return frozenset(
        line
        for line in lines_of(block)
        if line[0] != "outs"
        and not (line[0] == "deps" and "".join(line[1:2]).removeprefix("- path: ") in outs)
    )
