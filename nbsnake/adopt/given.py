"""What other tools of a project declare of its notebooks, as facts of these.

DVC stages that call papermill or nbconvert, Snakemake's ``notebook:`` rules and Ploomber's tasks
all name a notebook's files and values; what they replace is offered as an edit of their file.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from nbsnake.adopt.facts import Certainty, Constant, Facts, File
from nbsnake.adopt.proposal import AxisSpec
from nbsnake.errors import Where
from nbsnake.follow.cells import Source
from nbsnake.follow.values import Origin
from nbsnake.model.paramtype import Value, type_of
from nbsnake.model.quote import literal
from nbsnake.model.step import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file, from the root; ``expressions`` are how the notebook's code names it.

    ``name`` is the variable that the tool sets, "" for none; else the file is ``called`` so. An
    ``optional`` one counts only where the code has one of the expressions.
    """

    path: str
    role: Role
    name: str = ""
    expressions: tuple[str, ...] = ()
    called: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a tool declares of a notebook; ``tool`` says which and where.

    ``values`` are those of variables, ``expressions`` the code that stands for some of them. The
    notebook runs in the project's root where it is ``at_root``. ``drops`` are names that only the
    tool assigns, such as Ploomber's ``upstream``.
    """

    notebook: str
    tool: str
    step: str = ""
    files: tuple[GivenFile, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    expressions: Mapping[str, str] = field(default_factory=dict)
    axes: tuple[AxisSpec, ...] = ()
    at_root: bool = True
    drops: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A file of another tool before and after."""

    path: str
    old: str
    new: str


def with_given(facts: Facts, cells: Iterable[Source], given: Given) -> Facts:
    """The facts of a notebook with what a tool declares of it, which counts first."""
    sources = list(cells)
    found = [(each, _file(each, facts.notebook, sources)) for each in given.files]
    files = [file for each, file in found if file.origins or not each.optional]
    paths = {file.path for file in files}
    spans = {origin.span for file in files for origin in file.origins}
    others = [
        file
        for file in facts.files
        if file.path not in paths and not spans & {origin.span for origin in file.origins}
    ]
    by_path = {file.path: file for file in facts.files}
    merged = [
        replace(file, origins=(*file.origins, *by_path[file.path].origins))
        if file.path in by_path
        else file
        for file in files
    ]
    named = {each.name for each in given.files}
    swaps = [
        (origin, name)
        for text, name in given.expressions.items()
        for origin in find_expressions(sources, text)
    ]
    new = [
        Constant(name=name, type=str(type_of(value)), help="", cell=0, line=0, text=literal(value))
        for name, value in given.values.items()
        if name in given.expressions.values()
    ]
    constants = [each for each in facts.constants if each.name not in named]
    return replace(
        facts,
        files=(*merged, *others),
        constants=(*constants, *new),
        swaps=tuple(swaps),
        asked=tuple(file for file in facts.asked if file.path not in paths),
        gaps=() if files else facts.gaps,
        drops=given.drops,
        rebased=given.at_root,
    )


def _file(each: GivenFile, notebook: str, sources: list[Source]) -> File:
    origins = [one for text in each.expressions for one in find_expressions(sources, text)]
    if each.name:
        origins += _assigned(sources, each.name)
    return File(
        path=each.path.rstrip("/"),
        role=each.role,
        where=Where(notebook),
        certainty=Certainty.DECLARED,
        origins=tuple(origins),
        is_dir=each.path.endswith("/"),
        called=each.called,
    )


def find_expressions(sources: Iterable[Source], text: str) -> list[Origin]:
    """The places where the code has an expression, such as ``snakemake.input[0]``."""
    try:
        wanted = ast.dump(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError):  # a name of another tool may be none of Python's
        return []
    first = text.partition(".")[0].partition("[")[0]
    return [
        Origin(source.number, node)
        for source in sources
        if source.tree is not None and first in source.cell.source
        for node in ast.walk(source.tree)
        if isinstance(node, ast.expr) and ast.dump(node) == wanted
    ]


def _assigned(sources: Iterable[Source], name: str) -> list[Origin]:
    """The value that a cell assigns to a name."""
    return [
        Origin(source.number, node.value)
        for source in sources
        for node in (source.tree.body if source.tree else ())
        if isinstance(node, ast.Assign | ast.AnnAssign)
        if isinstance(node.value, ast.expr)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == name
    ]
