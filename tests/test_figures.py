"""Figures end with their cell: which lines a script gets for that, and which notebooks get none."""

import pytest
from builders import nb

from nbsnake.ipython.scopes import parse
from nbsnake.notebook.read_step import read_any, with_habits
from nbsnake.python.habits import Habit, habits_of

PLT = "import matplotlib.pyplot as plt"
CLASS = "class A:\n    def go(self):\n        plt.plot(1)"
INLINE = "_nb_inline(load=False)"


def lines(*cells, modules=()):
    """What the script has above and below each cell, without comments."""
    spec = with_habits(read_any(nb(*cells)), frozenset(modules))
    return [
        (*each.above, *(line.partition("  #")[0] for line in each.below))
        for each in spec.program.cells
    ]


CLOSE = 'plt.close("all")'
HELPER = "_nb_close_figures()"
END = "_nb_end_figures()"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([PLT, "plt.plot(x)", "plt.bar(x, y)"], [(), (CLOSE,), ()]),
        ([f"{PLT}\nplt.plot(x)", "y = f(x)", "print(y)"], [(CLOSE,), (), ()]),
        ([PLT, "def show_it(a):\n    plt.plot(a)", "show_it(1)", "x"], [(), (), (CLOSE,), ()]),
        ([PLT, "def a():\n    b()\ndef b():\n    plt.plot(1)", "a()", "x"], [(), (), (CLOSE,), ()]),
        ([PLT, CLASS, "A().go()", "x"], [(), (), (CLOSE,), ()]),
        ([PLT, CLASS.replace("go", "__add__"), "A() + 1", "x"], [(CLOSE,)] * 3 + [()]),
        ([PLT, "@now\ndef f():\n    plt.plot(1)", "y", "x"], [(), (CLOSE,), (), ()]),
        ([PLT, "@lru_cache\ndef f():\n    plt.plot(1)", "y", "x"], [(), (), (), ()]),
        ([PLT, "f = lambda x: plt.plot(x)", "f(1)", "x"], [(), (CLOSE,), (CLOSE,), ()]),
        ([f"{PLT}\nplt.style.use('x')\nplt.rcParams['a'] = 1", "x = plt.cm.b", "x"], [(), (), ()]),
        (["import seaborn as sns\nsns.set_theme()", "sns.lineplot(x)", "x"], [(), (HELPER,), ()]),
        (["df.plot()", "df.plot.bar(a)", "df.hist()", "df.head()"], [(HELPER,)] * 3 + [()]),
        (["from pylab import *", "bar([1], [2])", "x = 1", "x"], [(), (HELPER,), (), ()]),
        ([PLT, "plt = 1", "df.plot()", "x"], [(), (), (HELPER,), ()]),
        ([PLT, "plt.plot(x)\nplt.show()", "x"], [(), (CLOSE,), ()]),
        ([PLT, "%run a.py", "x"], [(), (CLOSE,), ()]),
        ([PLT, "from mine import f", "f(1)", "len(x)", "x"], [(), (), (CLOSE,), (), ()]),
        (["%matplotlib inline", PLT, "plt.plot(x)", "x"], [(), (), (CLOSE,), ()]),
    ],
)  # fmt: skip
def test_a_cell_that_draws_ends_its_figures(cells, expected):
    assert lines(*cells) == expected


@pytest.mark.parametrize(
    "cells",
    [
        ["x = 1", "print(x)", "import numpy as np\nnp.histogram(x)"],
        ["from mine import f", "f(1)", "f(2)"],
        ["plot = 1\nhist = plot", "print(plot)", "history = f()"],
        ["def plot(x):\n    return x", "plot(1)", "x"],
        ["import plotly.express as px", "px.line(x).show()", "x"],
        ["# matplotlib", "x = 'plt.plot'", "x"],
        [f"{PLT}\nplt.plot(x)\nplt.savefig('a.png')"],
        [PLT, "x = 1", "fig, ax = plt.subplots()\nax.plot(x)\nfig.savefig('a.png')"],
        *([f"%matplotlib {mode}", PLT, "plt.plot(x)", "plt.show()", "x"]
          for mode in ("widget", "notebook", "qt", "qt5", "agg", "tk", "ipympl", "nbagg")),
        ["%config InlineBackend.close_figures = False", PLT, "plt.plot(x)", "x"],
        ["%pylab qt", "plot(x)", "x"],
    ],
)  # fmt: skip
def test_other_cells_get_nothing(cells):
    assert not any(lines(*cells))


@pytest.mark.parametrize(
    "within",
    [
        "for i in x:\n    plt.plot(i)\n    plt.show()",
        "plt.plot(x)\nplt.show()\nplt.savefig('a.png')",
        "def f():\n    plt.plot(x)\n    plt.show()",
        "plt.pause(1)\nplt.plot(x)",
        "plt.ioff()\nplt.plot(x)",
        "import matplotlib\nmatplotlib.use('agg')",
    ],
)
def test_figures_that_end_within_a_cell_need_the_backend(within):
    above, *_ = lines(f"{PLT}\n{within}", "plt.plot(x)", "x")
    assert above[0] == INLINE
    assert lines(f"{PLT}\n{within}", "plt.plot(x)", "x")[1] == (END,)


def test_a_magic_sets_the_backend_up_itself():
    cells = ["%matplotlib inline", f"{PLT}\nfor i in x:\n    plt.plot(i)\n    plt.show()", "x"]
    assert lines(*cells) == [(), (END,), ()]
    assert read_any(nb(*cells)).program.cells[0].source == "_nb_inline()"


def test_both_backends_are_followed():
    cells = ["%matplotlib qt", f"{PLT}\nplt.plot(x)", "%matplotlib inline\nplt.plot(x)", "x"]
    sources = [cell.source.splitlines()[0] for cell in read_any(nb(*cells)).program.cells]
    assert sources[0] == '__import__("matplotlib").use("agg")'
    assert sources[2] == "_nb_inline()"


def test_a_figure_that_is_saved_after_it_was_shown_is_drawn_there():
    made = lines(f"{PLT}\nfig, ax = plt.subplots()", "fig.savefig('a.png')")
    assert made == [("_nb_inline(draw=_nb_draw)", INLINE, "_nb_redraw(); _nb_end_figures()"), ()]


def test_settings_of_the_backend_are_kept_where_they_count():
    cells = ["%config InlineBackend.rc = {'figure.dpi': 50}", f"{PLT}\nplt.plot(x)"]
    first = read_any(nb(*cells)).program.cells[0]
    assert first.source == "_nb_inline(rc={'figure.dpi': 50})"
    cells = ["%config InlineBackend.figure_format = 'retina'", f"{PLT}\nplt.plot(x)"]
    first = read_any(nb(*cells)).program.cells[0]
    assert first.source == "# %config InlineBackend.figure_format = 'retina'"


def test_a_module_of_the_project_that_draws_counts():
    cells = ["from mine import f", "f(1)", "f(2)"]
    assert lines(*cells, modules=[Habit.FIGURES]) == [(), (HELPER,), ()]
    both = [Habit.FIGURES, Habit.SHOWS]
    assert lines(*cells, modules=both) == [(INLINE,), (END,), ()]


@pytest.mark.parametrize(
    ("code", "habits"),
    [
        ("import sys\nprint(sys.argv)", {"argv"}),
        ("from argparse import ArgumentParser", {"argv"}),
        ("asyncio.run(f())", {"loop"}),
        ("async def f():\n    await asyncio.gather(g())\n    asyncio.create_task(g())", set()),
        ("def f():\n    return asyncio.get_event_loop()", {"loop"}),
        ("from matplotlib import pyplot", {"figures"}),
        ("subprocess.run(x)\nloop = 1", set()),
    ],
)
def test_code_meets_habits(code, habits):
    assert habits_of([parse(code)]) == habits
