"""Which notebooks change by the edits of their scripts."""

import ast
import hashlib
import subprocess
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from nbsnake.errors import (
    NbsnakeError,
    NotebookError,
    PipelineError,
    Where,
    only_so_deep,
    raise_all,
)
from nbsnake.generate.generate import find_pipeline, find_scripts
from nbsnake.generate.memo import content_of, read_memo
from nbsnake.generate.unchanged import MEMO_FILE
from nbsnake.job.regular import read_regular
from nbsnake.model.choose import choose_steps
from nbsnake.model.step import Cell
from nbsnake.notebook.read import parse_notebook, read_bytes
from nbsnake.notebook.written import dumped, new_cell, set_source, writable_fields
from nbsnake.port.cells import Changes, Names, Version, find_changes
from nbsnake.port.script import read_script
from nbsnake.port.source import Statement, statements
from nbsnake.programs import git_call
from nbsnake.python.script_diff import is_same_program
from nbsnake.python.versions import versions_in_git


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A notebook before and after, by the edits of its script.

    ``conflicts`` are the cells in which both have changed the same lines. The script ``is_same``
    if to generate it again gives what was edited.
    """

    notebook: str
    script: str
    old: bytes
    new: bytes
    conflicts: tuple[int, ...]
    is_same: bool


def find_ports(words: Iterable[str]) -> list[Port]:
    """The notebooks of these steps (all, where none is named) that change.

    Raises :class:`NbsnakeError`, several faults together, for edits that no cell can take.
    """
    steps = find_pipeline().steps
    names = choose_steps(words, {step.name: step.notebook for step in steps})
    scripts = {step.script: step.notebook for step in steps if step.name in names}
    in_kernel = {step.script for step in steps if step.runs_in_kernel}
    now = find_scripts()
    found, faults = list[Port](), list[NbsnakeError]()
    for script, notebook in scripts.items():
        try:
            if script in in_kernel:
                _check_unedited(script, now[script])
                continue
            with only_so_deep(script):
                found += filter(None, [_port(script, notebook, now[script])])
        except NbsnakeError as fault:
            faults.append(fault)
    raise_all(faults)
    return found


def _check_unedited(script: str, now: str) -> None:
    """Raise :class:`PipelineError` for an edited script of a notebook that runs in a kernel."""
    if not is_same_program(_read(script), now):
        raise PipelineError(
            "its notebook runs in a kernel, so that its edits cannot be brought back",
            where=Where(script),
            hint="edit the notebook instead, and run nbsnake generate",
        )


def _port(script: str, notebook: str, now: str) -> Port | None:
    edited = _read(script)
    if edited == now:
        return None
    current = read_bytes(notebook)

    def script_of(data: bytes) -> str:
        found = now if data == current else find_scripts({notebook: data}).get(script)
        if found is None:
            raise PipelineError(
                f"with these edits {notebook} would not be a step, or would have another name",
                where=Where(script),
                hint="edit the notebook instead, and undo them: nbsnake generate writes the script",
            )
        return found

    return port(edited, _base(script, notebook), current, script_of, Names(notebook, script))


def port(
    edited: str, first: bytes, old: bytes, script_of: Callable[[bytes], str], names: Names
) -> Port | None:
    """What an edited script makes of its notebook; None where that does not change.

    ``first`` is the notebook from which the script was generated, and ``old`` that of now;
    ``script_of`` gives the script of each. Raises :class:`NotebookError` for edits that no cell can
    take.
    """
    base = Version(parse_notebook(first, names.notebook).cells, script_of(first))
    alone = find_changes(base, edited, base.cells, {n.index: n.index for n in base.cells}, names)
    if not alone:
        return None
    new, conflicts = _written(first, names.notebook, alone), list[int]()
    again = script_of(new)
    _check_same(base.script, edited, again, names.script)
    if first != old:
        ours = parse_notebook(old, names.notebook).cells
        pairs = _pairs(base.cells, ours, _ids(first, names.notebook), _ids(old, names.notebook))
        changes = find_changes(base, edited, ours, pairs, names)
        new, conflicts = _written(old, names.notebook, changes), changes.conflicts
        again = "" if conflicts else script_of(new)
    if new == old:
        return None
    return Port(
        notebook=names.notebook,
        script=names.script,
        old=old,
        new=new,
        conflicts=tuple(conflicts),
        is_same=is_same_program(edited, again),
    )


def _read(script: str) -> str:
    """A script that Python can read. Raises :class:`NotebookError` for what is none."""
    try:
        text = read_regular(script).decode()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except FileNotFoundError:
        hint = "run: nbsnake generate"
        raise NotebookError("is not generated yet", where=Where(script), hint=hint) from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = Where(script, line=line)
        raise NotebookError(f"is not valid Python: {error}", where=where) from None
    return text


def _base(script: str, notebook: str) -> bytes:
    """The notebook from which the script was last generated.

    It is the one that :mod:`nbsnake.generate.unchanged` noted, or that of the last commit that
    changed the script. Raises :class:`PipelineError` where none of them is known.
    """
    files = read_memo(MEMO_FILE).get("files")
    noted = str(files.get(notebook, "")) if isinstance(files, dict) else ""
    if noted == content_of(notebook):
        return read_bytes(notebook)
    for data in versions_in_git(notebook) if noted else ():
        if hashlib.sha256(data).hexdigest() == noted.removesuffix("x"):
            return data
    revision = _git("log", "-n1", "--format=%H", "--", script).decode().strip()
    if found := _git("show", f"{revision}:./{notebook}") if revision else b"":
        return found
    raise PipelineError(
        "from which version of its notebook it was generated is not known",
        where=Where(script),
        hint=f"edit {notebook} instead; from the first nbsnake generate on, it is known",
    )


def _git(*words: str) -> bytes:
    try:
        return subprocess.run(git_call(*words), capture_output=True).stdout
    except OSError:
        return b""


def _check_same(base: str, edited: str, again: str, script: str) -> None:
    """Raise :class:`NotebookError` where the notebook would give other code than was edited.

    What is generated may be as it was, or follow what the cells now are.
    """
    before, wanted, given = map(_statements, (base, edited, again))
    may_be = {each.tree for each in (*before, *given)}
    strange = [each.line for each in wanted if each.is_generated and each.tree not in may_be]
    sides = ([each for each in found if not each.is_generated] for found in (wanted, given))
    for mine, other in zip_longest(*sides):
        if mine is None or other is None or mine.tree != other.tree:
            strange.append((mine or wanted[-1]).line)
            break
    if strange:
        raise NotebookError(
            "the notebook would not give this code",
            where=Where(script, line=min(strange)),
            hint="edit the notebook instead, and undo what changed here",
        )


def _statements(script: str) -> list[Statement]:
    return [each for section in read_script(script)[1:] for each in statements(section)]


def _pairs(
    base: Sequence[Cell], ours: Sequence[Cell], before: Sequence[str], after: Sequence[str]
) -> dict[int, int]:
    """Which cell of the base is which one now: by ids where all have one, else by what it is."""
    if all(before) and all(after) and len(set(before)) == len(before):
        places = {name: number for number, name in enumerate(after, start=1)}
        return {n: places[name] for n, name in enumerate(before, start=1) if name in places}
    old, new = ([(cell.kind, cell.source) for cell in cells] for cells in (base, ours))
    found = dict[int, int]()
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal" or end - start == last - first:
            found |= {start + n + 1: first + n + 1 for n in range(end - start)}
    return found


def _ids(data: bytes, path: str) -> list[str]:
    return [str(cell.get("id", "")) for cell in writable_fields(data, path)["cells"]]


def _written(data: bytes, path: str, changes: Changes) -> bytes:
    """The notebook with the changes; cells keep their outputs and ids."""
    fields = writable_fields(data, path)
    cells = list[dict[str, Any]](fields["cells"])
    for index, source in changes.sources.items():
        set_source(cells[index - 1], source)
    kept = {0: list[dict[str, Any]]()}
    kept |= {n: [cell] * (n not in changes.removed) for n, cell in enumerate(cells, start=1)}
    for index, kind, source in changes.added:
        made = new_cell(fields, source, kind)
        kept[index].append(made)
        fields["cells"].append(made)  # its id is taken
    fields["cells"] = [cell for found in kept.values() for cell in found]
    return dumped(fields, data)
