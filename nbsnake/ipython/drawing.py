"""Which code draws with matplotlib, as far as its names tell."""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from nbsnake.ipython.scopes import bound_by
from nbsnake.python.habits import LIBRARIES, is_plotting
from nbsnake.python.nodes import children, walk

# Modules whose functions draw only if their names say so.
_QUIET = frozenset(
    {"IPython", "PIL", "bs4", "cv2", "datasets", "h5py", "joblib", "keras", "numpy", "pandas"}
    | {"polars", "pyarrow", "requests", "scipy", "skimage", "sklearn", "sqlalchemy", "statsmodels"}
    | {"tensorflow", "torch", "torchvision", "tqdm", "transformers", "xarray", "yaml"}
)
# Parts of matplotlib and seaborn that draw nothing.
_SETTINGS = frozenset(
    {"close", "cm", "color_palette", "colormaps", "colors", "cycler", "get_cmap", "ioff", "ion"}
    | {"load_dataset", "rc", "rcParams", "rcdefaults", "reset_defaults", "set", "set_context"}
    | {"set_palette", "set_style", "set_theme", "style", "ticker", "use"}
)
_RUNNING = frozenset({"_nb_run", "_nb_run_as", "_nb_run_module", "exec", "runpy"})  # other files
_DRAWING = frozenset({"boxplot", "draw", "gca", "gcf", "heatmap", "hist", "imshow", "savefig"})
_PASSIVE = frozenset(  # decorators that do not call their function
    {"abc", "cache", "cached_property", "classmethod", "contextlib", "contextmanager", "functools"}
    | {"lru_cache", "property", "staticmethod", "wraps"}
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class _Chain(NamedTuple):
    """``root.parts``; the root is "" where it is no variable."""

    root: str
    parts: tuple[str, ...]
    is_called: bool


@dataclass(slots=True)
class Drawing:
    """What draws: ``names`` of modules, functions and classes, and ``methods`` of classes.

    ``unknown`` are names from modules of which nothing is known: calling them may draw.
    ``is_open`` means ``from pylab import *``: each call may draw. ``is_hidden`` means that a
    special method of a class draws: such code does not name what it calls.
    """

    names: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    is_open: bool = False
    is_hidden: bool = False

    @staticmethod
    def of(trees: Iterable[ast.Module]) -> "Drawing":
        """What draws in these cells."""
        found = Drawing(unknown={*_RUNNING})
        nodes = [node for tree in trees for node in walk(tree)]
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                found._learn_import(node)
        waiting = [each for node in nodes for each in _definitions(node)]
        while new := [each for each in waiting if found._learn(each)]:
            learned = set(map(id, new))
            waiting = [each for each in waiting if id(each) not in learned]
        found.is_hidden = any(each.startswith("__") for each in found.methods)
        return found

    def is_in(self, nodes: Iterable[ast.AST]) -> bool:
        """Whether code that consists of these nodes may draw."""
        found = [*nodes]
        if self.is_hidden and found:
            return True
        bodies = (each for node in found if _is_handed_on(node) for each in ast.walk(node))
        return any(map(self._draws, _chains([*found, *bodies])))

    def may_begin_in(self, tree: ast.Module) -> bool:
        """Whether a cell imports something that draws."""
        names = {name for node in tree.body for each in walk(node) for name in bound_by(each)}
        return bool(names & (self.names | self.unknown)) or (self.is_open and _has_star(tree))

    def _draws(self, chain: _Chain) -> bool:
        if chain.root in self.names and not (chain.parts and chain.parts[0] in _SETTINGS):
            return True
        if chain.is_called and (self.is_open or chain.root in self.unknown):
            return True
        return any(each in self.methods or _is_drawing(each) for each in chain.parts) or (
            chain.is_called and not chain.parts and _is_drawing(chain.root)
        )

    def _learn_import(self, node: ast.Import | ast.ImportFrom) -> None:
        inner = getattr(node, "module", None) or ""
        for alias in node.names:
            top = (inner or alias.name).partition(".")[0]
            if alias.name == "*":
                self.is_open |= top in LIBRARIES
            elif top in LIBRARIES and alias.name not in _SETTINGS:
                self.names.update(bound_by(alias))
            elif top not in sys.stdlib_module_names | _QUIET | LIBRARIES:
                self.unknown.update(bound_by(alias))

    def _learn(self, each: "_Definition") -> bool:
        """Note a definition that draws."""
        if each.maker:
            self.unknown |= {each.name} if each.maker in self.unknown else set()
            return each.maker in self.unknown
        if not any(map(self._draws, each.chains)):
            return False
        (self.methods if each.is_method else self.names).add(each.name)
        return True


class _Definition(NamedTuple):
    """A name with the chains in what it stands for; or an object of the class ``maker``."""

    name: str
    chains: tuple[_Chain, ...] = ()
    is_method: bool = False
    maker: str = ""


def _definitions(node: ast.AST) -> Iterator[_Definition]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield _Definition(name, tuple(_chains(walk(node))))
        case ast.ClassDef(name=name, body=body):
            for each in body:
                if isinstance(each, _FUNCTIONS):
                    chains = tuple(_chains(walk(each)))
                    is_making = each.name in ("__init__", "__post_init__")
                    yield _Definition(name if is_making else each.name, chains, not is_making)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield from _definitions_by_value(name, value)


def _definitions_by_value(name: str, value: ast.expr) -> Iterator[_Definition]:
    """A function under another name, or an object of a class."""
    is_call = isinstance(value, ast.Call)
    is_partial = is_call and root_of(value) in ("functools", "partial")
    if is_partial or isinstance(value, ast.Lambda | ast.Attribute | ast.Name):
        yield _Definition(name, tuple(_chains(walk(value))))
    elif isinstance(value, ast.Call):
        maker = getattr(value.func, "attr", getattr(value.func, "id", ""))
        if maker[:1].isupper():
            yield _Definition(name, maker=root_of(value.func))


def root_of(node: ast.expr) -> str:
    """``a`` of ``a.b(c).d[e]``; "" where that is no variable."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return ""
    return node.id


def executed(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes that run with these statements: not the bodies of functions."""
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _FUNCTIONS):
            waiting += [*node.decorator_list, node.args]
        else:
            waiting += children(node)


def _is_handed_on(node: ast.AST) -> bool:
    """Whether a function goes to a decorator that may call it."""
    return isinstance(node, _FUNCTIONS) and any(
        root_of(each) not in _PASSIVE for each in node.decorator_list
    )


def _chains(nodes: Iterable[ast.AST]) -> Iterator[_Chain]:
    inner = set[int]()  # the parts of chains that came before
    for node in nodes:
        if isinstance(node, ast.Call):
            yield from _chain(node.func, is_called=True)
            inner.add(id(node.func))
        elif id(node) not in inner:
            yield from _chain(node, is_called=False)
        if isinstance(node, ast.Attribute | ast.Assign):
            inner.add(id(node.value))  # of an assignment: only another name


def _chain(node: ast.AST, *, is_called: bool) -> Iterator[_Chain]:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        if parts or isinstance(node.ctx, ast.Load):
            yield _Chain(node.id, tuple(parts), is_called)
    elif parts:
        yield _Chain("", tuple(parts), is_called)


def _is_drawing(name: str) -> bool:
    return name in _DRAWING or is_plotting(name)


def _has_star(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.alias) and node.name == "*" for node in walk(tree))
