"""What can go wrong, named by who must act, and where."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nbsnake.escape import escaped


class Where(NamedTuple):
    """A place in one of the user's files; cells and lines count from 1."""

    file: str
    cell: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        parts = [_plain(self.file)]
        if self.cell is not None:
            parts.append(f"cell {self.cell}")
        if self.line is not None:
            parts.append(f"line {self.line}")
        return ", ".join(parts)


MAX_MESSAGE = 1000


def _plain(text: str) -> str:
    """Text of others as one line that a terminal only shows, and does not obey."""
    shown = escaped(text)
    return shown if len(shown) <= MAX_MESSAGE else f"{shown[:MAX_MESSAGE]}..."


class NbsnakeError(Exception):
    """A fault in one line, with one line of advice.

    ``exit_code`` is what the command line returns for it: 1 for drift or a fault in the user's
    notebooks, 2 for a wrong call, 3 when a tool failed.
    """

    exit_code = 1

    def __init__(self, message: str, *, where: Where | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = _plain(message)
        self.where = where
        self.hint = _plain(hint)

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class NotebookError(NbsnakeError):
    """The author must edit a cell."""


TOO_DEEP = "is nested too deeply for Python"


@contextlib.contextmanager
def only_so_deep(path: str) -> Iterator[None]:
    """Raise :class:`NotebookError` where code in a file is nested more deeply than is followed.

    For the same depth, Python's parser raises :class:`MemoryError` too.
    """
    try:
        yield
    except (RecursionError, MemoryError):
        raise NotebookError(TOO_DEEP, where=Where(path), hint="write it in steps") from None


class PipelineError(NbsnakeError):
    """The author must edit how notebooks, files and parameters are linked."""


class StaleError(NbsnakeError):
    """Generated files are out of date; ``nbsnake generate`` updates them."""


class UsageError(NbsnakeError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class ToolError(NbsnakeError):
    """Snakemake, DVC or git failed."""

    exit_code = 3


def os_error_text(error: OSError) -> str:
    """What the system refused, and for which file."""
    where = f"{error.filename}: " if error.filename else ""
    return _plain(f"{where}{error.strerror or error}")


class Faults(NbsnakeError):  # noqa: N818  (several of them, not one)
    """Several faults, reported together."""

    def __init__(self, faults: Iterable[NbsnakeError]) -> None:
        self.faults = tuple(sorted(_each(faults), key=_place))
        super().__init__("several faults")
        self.exit_code = max((fault.exit_code for fault in self.faults), default=1)

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


def _each(faults: Iterable[NbsnakeError]) -> Iterator[NbsnakeError]:
    for fault in faults:
        if isinstance(fault, Faults):
            yield from fault.faults
        else:
            yield fault


def files_with_faults(error: NbsnakeError) -> set[str]:
    """The files in which the faults are."""
    return {fault.where.file for fault in _each([error]) if fault.where}


def _place(fault: NbsnakeError) -> tuple[str, int, int]:
    where = fault.where or Where("")
    return where.file, where.cell or 0, where.line or 0


def raise_all(faults: list[NbsnakeError]) -> None:
    """Raise what was collected: nothing, the one fault, or all of them as :class:`Faults`."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise Faults(faults)
