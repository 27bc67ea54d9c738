"""Writing a proposal into its notebook: the metadata cell, and the cells that it takes from.

The notebook keeps its outputs, ids, metadata, order of keys, indentation and line ends.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator

from nbsnake.adopt.axes import with_word
from nbsnake.adopt.facts import Constant
from nbsnake.adopt.proposal import AxisSpec, FileParam, Proposal, SpanEdit
from nbsnake.ipython.syntax import lines
from nbsnake.model.quote import literal
from nbsnake.notebook.keys import step_name
from nbsnake.notebook.written import dumped, new_cell, set_source, source_of, writable_fields

_ORDER = ("dep", "out", "out-persist", "metric", "plot")
_KEYS = {
    "dep": "dvc-in",
    "out-persist": "dvc-out-persist",
    "metric": "dvc-metric",
    "plot": "dvc-plot",
}
UNSURE = "# Not known by reading (nbsnake adopt --run finds out):"
UNSURE_AFTER_RUN = "# Not sure, also after a run:"


def rewritten(data: bytes, proposal: Proposal) -> bytes:
    """The notebook with the proposal in it; nothing else of it is other than before.

    Raises :class:`NotebookError` for a notebook of a format before 4.
    """
    fields = writable_fields(data, proposal.notebook)
    cells = fields["cells"]
    for index, edits in proposal.edits.items():
        cell = cells[index - 1]
        source = source_of(cell)
        changed = edited(source, edits)
        if not source.endswith("\n"):
            changed = changed.rstrip("\n")
        if source.strip() and not changed.strip():
            changed = "# What was here is in the first code cell."
        set_source(cell, changed)
    if proposal.host:
        host = cells[proposal.host - 1]
        set_source(host, with_metadata(source_of(host), proposal))
    else:
        cells.insert(proposal.before - 1, new_cell(fields, metadata_cell(proposal)))
    return dumped(fields, data)


def edited(source: str, edits: Iterable[SpanEdit]) -> str:
    """The source with all edits, none inside another."""
    starts = [0]
    for line in lines(source):
        starts.append(starts[-1] + len(line.encode()))
    code, parts, done = source.encode(), list[bytes](), 0
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        begin, end = (_offset(starts, place) for place in (edit.start, edit.end))
        if begin < done:
            continue
        parts += [code[done:begin], edit.text.encode()]
        done = end
    return b"".join([*parts, code[done:]]).decode()


def _offset(starts: list[int], place: tuple[int, int]) -> int:
    line, column = place
    return starts[min(line - 1, len(starts) - 1)] + (column if line <= len(starts) - 1 else 0)


def metadata_cell(proposal: Proposal) -> str:
    """The source of a new metadata cell."""
    return "\n".join([*_docstring(proposal), *_assignments(proposal), *_comments(proposal)])


def with_metadata(source: str, proposal: Proposal) -> str:
    """A cell that assigns parameters, with the docstring and what it lacks."""
    match = re.match(r"\s*[rR]?(\"\"\"|'''|\"|')", source)
    if match:
        end = source.index(match[1], match.end()) + len(match[1])
        source = source[end:].lstrip("\n")
    more = [*_assignments(proposal), *_comments(proposal)]
    return "\n".join([*_docstring(proposal), source.rstrip("\n"), *more])


def relative_to(notebook: str, path: str) -> str:
    """A path from the root as a notebook uses it."""
    return posixpath.relpath(path, posixpath.dirname(notebook) or ".")


def _docstring(proposal: Proposal) -> Iterator[str]:
    yield f'"""{proposal.description}'
    yield ""
    if proposal.step != step_name(proposal.notebook.rpartition("/")[2].removesuffix(".ipynb")):
        yield f":step: {proposal.step}"
    for axis in proposal.axes:
        if axis.is_written:
            yield f":foreach {axis.name}: {axis.key or ' '.join(axis.values)}"
    for each in proposal.facts.constants:
        if each.name not in proposal.declared:
            yield f":param {each.type} {each.name}: {_help(each)}".replace(
                ":param  ", ":param "
            ).rstrip()
    for file in proposal.files:
        if file.is_list and len(file.paths) == 1:
            yield f":param list[str] {file.name}:"
    for file in _in_order(proposal.files):
        key = _KEYS.get(file.role.value, "dvc-out")
        for path in file.paths:
            shown = f"{_with_axes(path, (*proposal.axes, *file.axes))}{'/' * file.is_dir}"
            yield f":{key} {file.name}".rstrip() + f": {shown}"
    yield '"""'


def _with_axes(path: str, axes: Iterable[AxisSpec]) -> str:
    for axis in axes:
        path = with_word(path, axis.value, f"{{{axis.name}}}")
    return path


def _help(constant: Constant) -> str:
    return re.sub(r"[\\\"]", "'", constant.help)


def _in_order(files: Iterable[FileParam]) -> list[FileParam]:
    return sorted(files, key=lambda file: _ORDER.index(file.role.value))


def _assignments(proposal: Proposal) -> Iterator[str]:
    for file in _in_order(proposal.files):
        if file.name and not file.in_place:
            value = literal(list(file.texts)) if file.is_list else literal(file.texts[0])
            yield f"{file.name} = {value}"
        if file.folder:
            item = f"{file.name}[0]" if file.is_list else file.name
            yield f'{file.folder} = {item}.rsplit("/", {file.levels})[0]'
    for each in proposal.facts.constants:
        if each.name not in proposal.in_place:
            yield f"{each.name} = {each.text}"


def _comments(proposal: Proposal) -> Iterator[str]:
    if proposal.unsure:
        yield UNSURE_AFTER_RUN if proposal.facts.ran else UNSURE
        for each in proposal.unsure:
            text = re.sub(r"[^ -~]", "?", each.text)
            yield f"# - cell {each.cell + (not proposal.host)} {text}"
