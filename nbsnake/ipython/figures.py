"""Where figures end: which cells draw, and what a script needs to be as the inline backend.

Nothing is executed: whether a cell draws is read from the names that it uses, those of the
notebook's own functions included.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from nbsnake.ipython.backends import Backend
from nbsnake.ipython.drawing import Drawing, executed, root_of
from nbsnake.ipython.scopes import bindings, bound_by
from nbsnake.python.habits import Habit, habits_of
from nbsnake.python.nodes import walk

_SAVES = frozenset({"savefig", "print_figure", "print_png", "buffer_rgba", "tostring_argb"})

Trees = Mapping[int, ast.Module]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a script needs for its figures; nothing at all by default.

    ``ends`` are the cells that may draw, but for the last one. Where ``is_inline``, figures end
    within cells, too, or have settings: the script sets the backend up, at the latest above the
    cell ``first``, unless ``has_magic`` says that the notebook does. Where ``draws``, a figure is
    saved after Jupyter has shown it. ``alias`` is the notebook's own name for pyplot, by the cells
    below which it is known.
    """

    ends: frozenset[int] = frozenset()
    is_inline: bool = False
    draws: bool = False
    first: int = 0
    has_magic: bool = False
    alias: Mapping[int, str] = field(default_factory=dict)


def find_figures(
    trees: Trees,
    backend: Backend,
    modules: frozenset[Habit],
    *,
    settings: bool = False,
    magic: int | None = None,
) -> Figures:
    """What the cells need; ``modules`` are the habits that modules of the project meet.

    ``settings`` says whether the inline backend has some, and ``magic`` is the first cell that
    chooses it.
    """
    habits = habits_of(trees.values())
    if Habit.FIGURES not in habits | modules or backend is Backend.OTHER:
        return Figures()
    drawing = Drawing.of(trees.values())
    last = max((index for index, tree in trees.items() if tree.body), default=0)
    cells = [index for index, tree in trees.items() if drawing.is_in(executed(tree.body))]
    if Habit.FIGURES not in modules:
        cells = [index for index in cells if index >= _begin(trees)]
    ends = frozenset(cells) - {last}
    draws = _saves_shown(trees)
    is_inline = (
        backend is Backend.BOTH
        or settings
        or modules >= {Habit.FIGURES, Habit.SHOWS}
        or (Habit.SHOWS in habits and any(_shows_within(tree, drawing) for tree in trees.values()))
        or (draws and bool(ends))
    )
    imports = [index for index, tree in trees.items() if drawing.may_begin_in(tree)]
    first = min([*imports, *cells], default=0)
    return Figures(
        ends=ends,
        is_inline=is_inline,
        draws=draws and is_inline,
        first=first,
        has_magic=magic is not None and magic <= first,
        alias={} if is_inline else _aliases(trees),
    )


def _begin(trees: Trees) -> int:
    """The first cell that draws or imports what draws; those above only call what is unknown."""
    return next(index for index, tree in trees.items() if Habit.FIGURES in habits_of([tree]))


def _shows_within(tree: ast.Module, drawing: Drawing) -> bool:
    """Whether figures may end before the cell does: elsewhere than by its last line that draws."""
    for number, statement in enumerate(tree.body):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        rest = tree.body[number + 1 :]
        if Habit.SHOWS in habits_of([statement]) and not (
            _is_show(statement) and not drawing.is_in(executed(rest))
        ):
            return True
    return False


def _is_show(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(), attr="show") | ast.Name(id="show"))
        ):
            return True
    return False


def _saves_shown(trees: Trees) -> bool:
    """Whether a figure may be saved after it was shown: in a later cell, or below plt.show()."""
    aliases = {*_names_of_pyplot(trees)}
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in _SAVES
        and (root := root_of(node)) not in aliases
        and (root not in bound or shows)
        for tree in trees.values()
        for bound, shows in [(_bound(tree), Habit.SHOWS in habits_of([tree]))]
        for node in walk(tree)
    )


def _bound(tree: ast.Module) -> set[str]:
    """What a cell binds in any scope, parameters apart."""
    return {name for node in walk(tree) for name in bound_by(node)}


def _names_of_pyplot(trees: Trees) -> list[str]:
    return [name for tree in trees.values() for name in map(_pyplot, tree.body) if name]


def _pyplot(statement: ast.stmt) -> str:
    """The name under which a statement imports pyplot; "" for other statements."""
    match statement:
        case ast.Import(names=[ast.alias(name="matplotlib.pyplot", asname=str(name))]):
            return name
        case ast.ImportFrom(module="matplotlib", names=[ast.alias(name="pyplot", asname=name)]):
            return name or "pyplot"
    return ""


def _aliases(trees: Trees) -> dict[int, str]:
    """The name of pyplot at the end of each cell, where it can be no other thing."""
    names = set(_names_of_pyplot(trees))
    statements = [statement for tree in trees.values() for statement in tree.body]
    others = bindings(statement for statement in statements if not _pyplot(statement))
    stars = any(
        isinstance(node, ast.alias) and node.name == "*"
        for tree in trees.values()
        for node in walk(tree)
    )
    found, known = dict[int, str](), ""
    for index, tree in trees.items():
        own = [name for name in map(_pyplot, tree.body) if name in names - others]
        known = known or next(iter(own), "")
        found[index] = "" if stars else known
    return found
