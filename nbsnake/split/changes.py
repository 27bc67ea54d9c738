"""Which values, modules and random generators a statement may change, found by reading."""

import ast
from collections.abc import Iterator

_SHOWS = frozenset({"print", "display"})
_CHANGING = frozenset(
    {"add", "append", "appendleft", "clear", "discard", "extend", "fit", "fit_predict"}
    | {"fit_transform", "insert", "partial_fit", "pop", "popitem", "popleft", "remove"}
    | {"setdefault", "sort", "train", "update"}
)
_STATEFUL = frozenset(
    {"Generator", "Random", "RandomState", "chain", "count", "cycle", "default_rng", "iter"}
)
_SETS = frozenset(
    {"chdir", "filterwarnings", "load_dotenv", "rc", "rcdefaults", "reset_option", "seterr"}
    | {"simplefilter", "theme", "use"}
)
_SEEDS = frozenset({"manual_seed", "seed"})
_DRAWS = frozenset({"choice", "choices", "permutation", "random", "rvs", "sample", "shuffle"})
_DRAWING = frozenset({"imblearn", "scipy", "sklearn", "torch"})  # from the state of all
GENERATORS = {"numpy.random": "numpy", "random": "random", "torch": "torch"}  # by the module


def changes(node: ast.AST) -> Iterator[str]:
    """The names whose values code may change in place."""
    for each in ast.walk(node):
        if isinstance(each, ast.Subscript | ast.Attribute) and not isinstance(each.ctx, ast.Load):
            yield from root(each)
        elif isinstance(each, ast.AugAssign):
            yield from root(each.target)
        elif isinstance(each, ast.Expr) and isinstance(each.value, ast.Call):
            yield from _changed_by(each.value)
        elif isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute):
            yield from root(each.func) if each.func.attr in _CHANGING else ()


def _changed_by(call: ast.Call) -> Iterator[str]:
    """The names that a call changes whose result nobody takes, for it has some other effect."""
    if getattr(call.func, "id", "") not in _SHOWS:
        yield from root(call.func) if isinstance(call.func, ast.Attribute) else ()
        yield from (name for arg in call.args for name in root(arg))


def root(node: ast.expr) -> Iterator[str]:
    """The name at which an expression of attributes, items and calls begins."""
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id


def has_state(node: ast.stmt) -> bool:
    """Whether a statement makes a generator or iterator, which each use changes."""
    value = getattr(node, "value", None)
    return isinstance(value, ast.Call) and _verb(value) in _STATEFUL


def calls(node: ast.AST) -> Iterator[tuple[str, frozenset[str]]]:
    """The calls in code: the name of the function, and those that it is called on or with."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            given = [*each.args, *(keyword.value for keyword in each.keywords), each.func]
            names = {own.id for one in given for own in ast.walk(one) if isinstance(own, ast.Name)}
            yield getattr(each.func, "id", ""), frozenset(names)


def is_setting(node: ast.stmt, modules: frozenset[str]) -> bool:
    """Whether a statement sets up a module, such as its styles, options, warnings and paths.

    ``modules`` are the names that imports have bound so far.
    """
    if isinstance(node, ast.ImportFrom):
        return node.names[0].name == "*"
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return all(modules.intersection(root(each)) for each in targets)
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    verb = _verb(node.value)
    sets = verb in _SETS or verb == "set" or verb.startswith(("set_", "register_", "use_"))
    return bool(modules.intersection(root(node.value))) and (sets or _is_setup(node.value))


def _is_setup(call: ast.Call) -> bool:
    """Whether a call changes a container of a module, as ``sys.path.append`` does."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Attribute)
        and function.attr in _CHANGING
    )


def seeded(node: ast.stmt) -> Iterator[str]:
    """The random generators that a statement sets to a seed."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and _verb(each) in _SEEDS:
            words = ast.unparse(each.func).split(".")
            if "torch" in words:
                yield "torch"
            elif words[0] in ("np", "numpy") or (words[-2:] == ["random", "seed"] and words[2:]):
                yield "numpy.random"
            elif words[0] in ("random", "seed"):
                yield "random"


def draws(node: ast.AST, drawing: frozenset[str]) -> bool:
    """Whether code may take numbers from a random generator that all code shares.

    ``drawing`` are the names that come from libraries that do.
    """
    return any(
        (isinstance(each, ast.Attribute) and (each.attr in _DRAWS or each.attr[:4] == "rand"))
        or (isinstance(each, ast.Name) and (each.id in _DRAWS or each.id in drawing))
        for each in ast.walk(node)
    )


def is_drawing(node: ast.stmt) -> bool:
    """Whether a statement imports from a library that takes numbers from shared generators."""
    if isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    else:
        modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
    return any(each.partition(".")[0] in _DRAWING for each in modules)


def _verb(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))
