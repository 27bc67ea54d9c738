"""The parameters of a notebook by reading: literals of first cells, and constants used later."""

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from nbsnake.adopt.credentials import is_credential
from nbsnake.adopt.facts import Constant
from nbsnake.follow.calls import PATH_LIKE
from nbsnake.follow.cells import Source
from nbsnake.model.literals import fitted
from nbsnake.model.paramtype import parse_type
from nbsnake.notebook.code import Assignment, assignments
from nbsnake.notebook.params import OWN_NAMES, OWN_OPTIONS

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_MUTATES = frozenset(
    {"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove"}
    | {"reverse", "setdefault", "sort", "update"}
)
_SETTINGS = frozenset({"set_option", "filterwarnings", "simplefilter", "set", "use", "basicConfig"})


def bindings(cells: Iterable[Source]) -> Counter[str]:
    """How often each name is bound at the top level of the cells, or as a global of a function."""
    found: Counter[str] = Counter()
    for source in cells:
        if source.tree is not None:
            found.update(bound_at_top(source.tree))
            found.update(_globals(source.tree))
    return found


def bound_at_top(tree: ast.AST) -> Iterator[str]:
    """The names that code binds outside of functions, classes and comprehensions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest
        if not isinstance(node, _SCOPES + _COMPREHENSIONS):
            yield from bound_at_top(node)


def _globals(tree: ast.AST) -> Iterator[str]:
    """Names that functions declare global, which they may bind at any time."""
    return (
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Global)
        for name in (*node.names,) * 2
    )


def has_star(cells: Iterable[Source]) -> bool:
    """Whether ``from module import *`` may bind any name."""
    return any(
        alias.name == "*"
        for source in cells
        if source.tree is not None
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )


def find_constants(
    cells: Sequence[Source], taken: Collection[tuple[int, int]], names: Collection[str]
) -> Iterator[Constant]:
    """The literals that are parameters, in the order of the notebook.

    ``taken`` are the cells and lines of literals that are paths or parts of them; ``names`` are
    those that are spoken for.
    """
    kept = [source for source in cells if source.kept and source.tree is not None]
    counts, loads = bindings(kept), _loads(kept)
    mutated = {name for source in kept if source.tree for name in _mutated(source.tree)}
    starred = has_star(kept)
    leading = True
    for source in kept:
        assert source.tree is not None  # noqa: S101  (as chosen above)
        leading = leading and _is_leading(source.tree)
        if starred and not leading:
            return
        for each in assignments(source.tree, source.cell.source):
            place = (source.number, each.value.lineno)
            is_free = counts[each.name] == 1 and each.name not in mutated | OWN_NAMES | OWN_OPTIONS
            is_used = loads[each.name] > 0 and each.name not in names and place not in taken
            if is_free and is_used and _is_parameter(each, leading=leading):
                yield _constant(each, source)


def _is_parameter(each: Assignment, *, leading: bool) -> bool:
    literal = each.literal
    if literal is None or literal.unfit or literal.value is None or each.name.startswith("_"):
        return False
    if is_credential(each.name, literal.value):
        return False
    value = literal.value
    if isinstance(value, list | dict):
        return bool(value) and (leading or each.name.isupper())
    if isinstance(value, str):
        is_path = value.startswith(("../", "./", "/", "~")) and PATH_LIKE.fullmatch(value)
        return not is_path and "\n" not in value and (leading or each.name.isupper())
    return True


def _constant(each: Assignment, source: Source) -> Constant:
    assert each.literal is not None  # noqa: S101  (parameters have one)
    kind = str(fitted(None, each.literal))
    return Constant(
        name=each.name,
        type=kind if _is_type(kind) else "",
        help=each.comment,
        cell=source.number,
        line=each.value.lineno,
        text=ast.get_source_segment(source.cell.source, each.value) or ast.unparse(each.value),
    )


def _is_type(text: str) -> bool:
    try:
        parse_type(text)
    except ValueError:
        return False
    return True


def _loads(cells: Iterable[Source]) -> Counter[str]:
    return Counter(
        node.id
        for source in cells
        if source.tree is not None
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )


def _mutated(tree: ast.AST) -> Iterator[str]:
    """The names whose values are changed in place."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)):
                if method in _MUTATES:
                    yield name
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name


def _is_leading(tree: ast.Module) -> bool:
    """Whether a cell only imports, sets up and assigns, as the first cells of a notebook do."""
    return all(
        isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.Pass)
        or (isinstance(node, ast.Expr) and _is_setting(node.value))
        for node in tree.body
    )


def _is_setting(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return True
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _SETTINGS
