"""A generated script in its cells, and their source as the notebook of a run shows it."""

from __future__ import annotations

import _ast  # of which ast is made, which is slow to import
import re
from collections import deque
from collections.abc import Iterator

MARK = re.compile(r"# %% (?:\[(\w+)\] )?cell (\d+)|# Cell (\d+) is left out: .*")
KEPT = re.compile(r"^(?:(?:Out\[\d+\]|_\d+) = )+(?!=)", re.MULTILINE)  # a result for later cells
END_OF_FIGURES = "# figures end with their cell"
SHOWS_ITS_ERROR = '    __import__("traceback").print_exc()'  # a cell that may fail ends so


class Part:
    """A cell of the script: its kind, number, lines before it, source and statements.

    The kind of the start, before the first cell, is "start", and of the note that a cell is left
    out "note".
    """

    def __init__(
        self, kind: str, number: int, line: int, source: str, body: list[_ast.stmt]
    ) -> None:
        self.kind, self.number, self.line = kind, number, line
        self.source, self.body = source, body


def parsed(text: str, path: str) -> _ast.Module:
    """The syntax tree of a script."""
    return compile(text, path, "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)  # type: ignore[return-value]


def split(text: str, tree: _ast.Module) -> Iterator[Part]:
    """The parts of a script; what looks like a mark inside of a statement is none."""
    inside = {line for each in tree.body for line in range(each.lineno, lines_to(each) + 1)}
    lines = text.split("\n")
    marks = [(0, "start", 0)]
    for number, line in enumerate(lines):
        if (mark := MARK.fullmatch(line)) and number + 1 not in inside:
            kind = "note" if mark[3] else mark[1] or "code"
            marks.append((number, kind, int(mark[2] or mark[3])))
    waiting = deque(tree.body)
    ends = [*(line for line, _, _ in marks[1:]), len(lines)]
    for (first, kind, number), end in zip(marks, ends):  # noqa: B905  (new in Python 3.10)
        body = []
        while waiting and waiting[0].lineno <= end:
            body.append(waiting.popleft())
        yield Part(kind, number, first, "\n".join(lines[first:end]), body)


def lines_to(statement: _ast.stmt) -> int:
    """The last line of a statement."""
    return statement.end_lineno or statement.lineno


def text_of(part: Part) -> str:
    """Markdown, raw text or a note, without the comment signs."""
    lines = part.source.split("\n")
    return "\n".join(line[2:] for line in lines[part.kind != "note" :]).strip("\n")


def own_source(source: str) -> str:
    """The cell without its mark and without what was added to it."""
    lines = [line for line in source.split("\n")[1:] if not line.endswith(END_OF_FIGURES)]
    if may_fail(lines):
        end = lines.index(SHOWS_ITS_ERROR) - 1
        lines = [line[4:] if line[:4] == "    " else line for line in lines[1:end]]
    return KEPT.sub("", "\n".join(lines).strip("\n"))


def may_fail(lines: list[str]) -> bool:
    """Whether the next cell runs after an error in this one."""
    return lines[:1] == ["try:"] and SHOWS_ITS_ERROR in lines
