"""The results that IPython keeps of its cells: ``_``, ``__``, ``_1``, ``Out``, and ``In``.

Cells count as they do when a notebook runs from top to bottom, whatever numbers were saved.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from nbsnake.ipython.celltext import Fault, Translation
from nbsnake.ipython.drawing import executed
from nbsnake.ipython.edit import Edit, edited
from nbsnake.ipython.scopes import free_reads, is_session_name, names_session, parse
from nbsnake.model.quote import string
from nbsnake.model.step import Cell
from nbsnake.python.nodes import walk

_BY_NUMBER = re.compile(r"_(\d+)")
_RECENT = ("_", "__", "___")
_KEPT = ("Out", "_oh")
_INPUTS = re.compile(r"In|_ih|_i{1,3}|_i\d+")
_VALUES = r"(?:sx|system|pwd|env|who_ls|lsmagic|dirs|precision)\b"  # magics that have a value
_WITH_OPTION = r"(?:(?:timeit|memit)\b.*[ \t]-\w*o|[lm]?prun\b.*[ \t]-\w*r)"
_GIVES = re.compile(rf"[ \t]*(?:!!|%[ \t]*(?:{_VALUES}|{_WITH_OPTION}|config[ \t]+[\w.]+\s*$))")
_CELL_GIVES = re.compile(rf"%%(?:sx\b|system\b|!|{_WITH_OPTION})")
_BARE = re.compile(rf"{_VALUES}[^\n]*")  # the whole cell, without %
_TIMED_CELL = re.compile(r"%%time\b")
_TIME = re.compile(r"[ \t]*%[ \t]*time\b")
NAME_IT = "put the value under a name of its own"

Status = Literal["none", "result", "unknown"]


class _Read(NamedTuple):
    """A name of IPython's that a cell reads; ``number`` is in ``_3`` and ``Out[3]``."""

    name: str
    line: int
    number: int | None
    is_now: bool  # and not when a function is called


@dataclass(frozen=True, slots=True)
class Results:
    """``numbers`` are the cells to keep, by index, with the targets of an assignment.

    Where ``is_recorded``, the script keeps each of them as IPython does, under all names.
    """

    numbers: Mapping[int, str]
    is_recorded: bool
    inputs: Mapping[int, tuple[str, ...]]
    faults: Mapping[int, tuple[Fault, ...]]

    def first(self) -> Iterator[str]:
        """The line above the first cell, where results have a place that must be made."""
        if self.is_recorded:
            yield '_ = __ = ___ = ""; Out = _oh = {}'
        elif any("Out[" in target for target in self.numbers.values()):
            yield "Out = {}"

    def applied(self, index: int, found: Translation) -> Translation:
        """A cell that keeps its result, with what is wrong in its own reading of results."""
        faults = (*found.faults, *self.faults.get(index, ()))
        return found._replace(source=self.kept(index, found.source), faults=faults)

    def kept(self, index: int, source: str) -> str:
        """The source of a cell whose result is kept."""
        target = self.numbers.get(index)
        tree = parse(source) if target else None
        last = tree.body[-1] if tree and tree.body else None
        if not isinstance(last, ast.Expr):
            return source
        if not self.is_recorded:
            return edited(source, [Edit(last, lambda text: f"{target} = {text}")])
        is_tuple = isinstance(last.value, ast.Tuple)
        call = f"_nb_out({target}, (%s))" if is_tuple else f"_nb_out({target}, %s)"
        return edited(source, [Edit(last, lambda text: call.replace("%s", text))])


def find_results(
    cells: Sequence[Cell],
    left_out: Sequence[Cell],
    found: Mapping[int, Translation],
    bound: Mapping[int, frozenset[str]],
) -> Results:
    """What the cells read of IPython's results, and what must be kept for that.

    ``cells`` and ``left_out`` are as in the notebook; ``bound`` are the names that cells bind.
    """
    trees = {index: parse(each.source) for index, each in found.items()}
    own, reads = set[str](), dict[int, list[_Read]]()
    for index, tree in trees.items():
        own |= bound.get(index, frozenset())
        if tree and names_session(found[index].source):
            reads[index] = [each for each in _reads(tree) if each.name not in own]
    if not any(reads.values()):
        return Results({}, False, {}, {})
    return _Finder(cells, left_out, found, trees).results(reads)


def _reads(tree: ast.Module) -> Iterator[_Read]:
    now = {id(node) for node in executed(tree.body)}
    numbers = dict[int, int]()
    for node in walk(tree):
        match node:
            case ast.Subscript(
                value=ast.Name(id="Out" | "_oh") as name, slice=ast.Constant(value=int(number))
            ):
                numbers[id(name)] = number
    for node in free_reads(tree):
        if is_session_name(node.id):
            own = _BY_NUMBER.fullmatch(node.id)
            by_number = int(own[1]) if own else numbers.get(id(node))
            yield _Read(node.id, node.lineno, by_number, id(node) in now)


class _Finder:
    """The notebook's cells by the number that each has when all run."""

    def __init__(
        self,
        cells: Sequence[Cell],
        left_out: Sequence[Cell],
        found: Mapping[int, Translation],
        trees: Mapping[int, ast.Module | None],
    ) -> None:
        every = sorted((*cells, *left_out), key=lambda cell: cell.index)
        self._cells = {cell.count: cell for cell in every if cell.count}
        self._left_out = {cell.index for cell in left_out}
        self._counts = {cell.index: count for count, cell in self._cells.items()}
        self._status = {
            count: self._status_of(cell, found.get(cell.index), trees.get(cell.index))
            for count, cell in self._cells.items()
        }
        self._last = max(self._cells, default=0)

    def results(self, reads: Mapping[int, list[_Read]]) -> Results:
        faults = {
            index: tuple(fault for each in some if (fault := self._fault(each, index)))
            for index, some in reads.items()
        }
        whole = [
            (index, each)
            for index, some in reads.items()
            for each in some
            if each.number is None and each.name in (*_RECENT, *_KEPT)
        ]
        if whole:
            end = max(
                self._counts.get(i, 0) if each.is_now else self._last + 1 for i, each in whole
            )
            numbers = {n: str(n) for n, status in self._status.items() if status == "result"}
            numbers = {n: text for n, text in numbers.items() if n < end or _is_named(n, reads)}
        else:
            numbers = self._targets(reads)
        kept = {self._cells[number].index: text for number, text in numbers.items()}
        return Results(kept, bool(whole), self._inputs(reads), faults)

    def _targets(self, reads: Mapping[int, list[_Read]]) -> dict[int, str]:
        """What the results that are read by their number are assigned to."""
        targets = dict[int, set[str]]()
        for some in reads.values():
            for each in some:
                if each.number is not None and self._status.get(each.number) == "result":
                    name = f"Out[{each.number}]" if each.name in _KEPT else each.name
                    targets.setdefault(each.number, set()).add(name)
        return {number: " = ".join(sorted(names)) for number, names in targets.items()}

    def _inputs(self, reads: Mapping[int, list[_Read]]) -> dict[int, tuple[str, ...]]:
        """The texts of cells that are read."""
        found = dict[int, tuple[str, ...]]()
        for index, some in reads.items():
            names = sorted({each.name for each in some if _INPUTS.fullmatch(each.name)})
            if names:
                texts = [string(text) for text in self._texts(index)]
                found[index] = tuple(f"{name} = {_input(name, texts)}" for name in names)
        return found

    def _texts(self, index: int) -> list[str]:
        """The sources up to a cell, by their number; IPython begins with an empty one."""
        end = self._counts.get(index, 0)
        return ["", *(cell.source.rstrip() for n, cell in self._cells.items() if n <= end)]

    def _fault(self, read: _Read, index: int) -> Fault | None:
        if _INPUTS.fullmatch(read.name):
            number = re.search(r"\d+", read.name)
            known = not number or int(number[0]) <= self._counts.get(index, 0)
            return None if known else Fault(read.line, *_unknown(read.name))
        if read.number is not None:
            reason = self._why_not(read.number, self._counts.get(index, 0) if read.is_now else None)
            shown = f"Out[{read.number}]" if read.name in _KEPT else read.name
            return Fault(read.line, f"{shown!r} {reason}", NAME_IT) if reason else None
        if read.name in _RECENT:
            return self._recent_fault(read, index)
        return None if read.name in _KEPT else Fault(read.line, *_unknown(read.name))

    def _why_not(self, number: int, before: int | None) -> str:
        cell = self._cells.get(number)
        if cell is None:
            shown = next((each.index for each in self._cells.values() if each.prompt == number), 0)
            was = f"; In [{number}] was cell {shown} when the notebook was saved" if shown else ""
            return f"is no result when all cells run in order: there are {self._last}{was}"
        if before is not None and number >= before:
            return f"is the result of cell {cell.index}, which runs later"
        if cell.index in self._left_out:
            return f"is the result of cell {cell.index}, which is left out"
        if self._status[number] == "none":
            return f"is the result of cell {cell.index}, which has none"
        return "" if self._status[number] == "result" else f"is of a magic in cell {cell.index}"

    def _recent_fault(self, read: _Read, index: int) -> Fault | None:
        before = [
            n for n in self._cells if n < self._counts.get(index, 0) and self._status[n] != "none"
        ]
        for number in before[-len(read.name) :] if read.is_now else ():
            if reason := self._why_not(number, None):
                return Fault(read.line, f"{read.name!r} {reason}", NAME_IT)
        return None

    def _status_of(self, cell: Cell, found: Translation | None, tree: ast.Module | None) -> Status:
        text = cell.source.strip()
        last = text.rpartition("\n")[2]
        if found is None:  # left out
            own = parse(text)
            gives = _GIVES.match(last) or (own and _result(own, text))
            return "unknown" if gives else "none"
        is_magic = _GIVES.match(last) or _CELL_GIVES.match(text)
        if is_magic or (_BARE.fullmatch(text) and 1 in found.lines):
            return "unknown"
        is_timed = _TIMED_CELL.match(text)
        if text.startswith("%%") and not is_timed:
            return "none"
        if tree is None or not _result(tree, found.source):
            return "none"
        is_rewritten = tree.body[-1].lineno in found.lines and not is_timed
        return "none" if is_rewritten and not _TIME.match(last) else "result"


def _is_named(number: int, reads: Mapping[int, list[_Read]]) -> bool:
    return any(each.number == number for some in reads.values() for each in some)


def _input(name: str, texts: list[str]) -> str:
    if name in ("In", "_ih"):
        return f"[{', '.join(texts)}]"
    number = re.search(r"\d+", name)
    position = int(number[0]) if number else -name.count("i") - 1
    return texts[position] if -len(texts) <= position < len(texts) else '""'


def _unknown(name: str) -> tuple[str, str]:
    return f"{name!r} is what IPython records of its session, and no cell binds it", NAME_IT


def _result(tree: ast.Module, source: str) -> bool:
    """Whether code ends with an expression whose value IPython shows, and may be something."""
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        return False
    match last.value:
        case ast.Call(func=ast.Name(id="print" | "display")) | ast.Constant(value=None):
            return False
    return not _is_silent(last, source)


def _is_silent(last: ast.Expr, source: str) -> bool:
    """Whether a semicolon follows."""
    line = source.encode().split(b"\n")[(last.end_lineno or 1) - 1]
    return line[last.end_col_offset or 0 :].lstrip().startswith(b";")
