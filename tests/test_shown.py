"""The runner records what Jupyter shows: values, displays, errors, what commands print."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_runner import call, notebook, outputs, run

from nbsnake.job.executed import EVENTS, RUNNER, read_events
from nbsnake.job.runner.cells import SHOWS_ITS_ERROR
from nbsnake.job.runner.pretty import pretty as pretty_of_runner

RICH = """\
class Rich:
    def _repr_html_(self): return '<b>x</b>'
    def __repr__(self): return 'Rich()'
"""


def converted(*cells):
    """What each cell of a notebook shows, by its script."""
    cell = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
    numbered = [{**cell, "id": f"a{number}", "source": text} for number, text in enumerate(cells)]
    whole = {"cells": numbered, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    Path("a.ipynb").write_text(json.dumps(whole))
    words = [sys.executable, "-m", "nbsnake", "convert", "a.ipynb", "-o", "script.py"]
    subprocess.run(words, check=True, capture_output=True)
    plain = call()
    recorded = call(RUNNER, **{EVENTS: os.path.abspath("events")})
    assert (recorded.stdout, recorded.stderr) == (plain.stdout, plain.stderr)
    return outputs(read_events("events"))


def test_commands_are_recorded_stream_by_stream(folder):
    shown = converted(
        "!echo one; echo two >&2; sleep 30 > /dev/null 2>&1 & true", "%%bash\necho three"
    )
    texts = {each["name"]: each["text"] for each in shown[0]}
    assert texts == {"stdout": "one\n", "stderr": "two\n"}
    assert shown[1][0]["text"] == "three\n"


def test_displays_are_rich_and_follow_their_updates(folder):
    shown = converted(
        f"from IPython.display import clear_output\n{RICH}display(Rich(), 1)",
        "first = display('a', display_id=True)",
        "first.update('b')\nfor i in range(3):\n    clear_output(wait=True)\n    print(i)",
    )
    assert shown[0][0]["data"] == {"text/html": "<b>x</b>", "text/plain": "Rich()"}
    assert shown[0][1]["data"] == {"text/plain": "1"}
    assert shown[1][0]["data"] == {"text/plain": "'b'"}
    assert [each["text"] for each in shown[2]] == ["2\n"]


def test_ipythons_own_display_is_rich(folder):
    pytest.importorskip("IPython.display")
    shown = converted(f"from IPython.display import display\n{RICH}display(Rich())")
    assert shown[0][0]["data"] == {"text/html": "<b>x</b>", "text/plain": "Rich()"}


def test_results_that_later_cells_read_are_shown(folder):
    shown = converted("1 + 1", "'s'", "print(_, _1, Out[1])")
    assert [cell[0]["data"]["text/plain"] for cell in shown[:2]] == ["2", "'s'"]


def test_a_cell_that_may_fail_shows_its_error(folder):
    text = "try:\n    print(1)\n    1 / 0\nexcept (Exception, SystemExit):\n"
    events = run(text + SHOWS_ITS_ERROR, "2")
    (printed, error), (value,) = outputs(events)
    assert (printed["text"], error["ename"]) == ("1\n", "ZeroDivisionError")
    assert notebook(events)["cells"][0]["source"] == "print(1)\n1 / 0"
    assert value["data"]["text/plain"] == "2"


def test_marks_inside_of_statements_are_none(folder):
    text = 'if True:\n# %% cell 7\n    x = 1\ns = """\n# %% cell 8\n"""\nx'
    (cell,) = notebook(run(text))["cells"]
    assert cell["source"] == text


def test_notes_on_cells_that_are_left_out_are_cells_of_their_own(folder):
    events = run("print(1)\n\n\n# Cell 2 is left out: it is marked '# No effect'.\n")
    sources = [cell["source"] for cell in notebook(events)["cells"]]
    assert sources == ["print(1)", "Cell 2 is left out: it is marked '# No effect'."]


def test_a_session_of_ipython_that_the_script_starts_changes_nothing(folder):
    shell = pytest.importorskip("IPython.core.interactiveshell").__name__
    events = run(f"from {shell} import InteractiveShell as S\nS.instance()\nx = 4", "x")
    assert outputs(events)[1][0]["data"]["text/plain"] == "4"


FORMATS = """\
# %config InlineBackend.figure_formats = ('svg', 'retina')
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
plt.figure(figsize=(1, 1), dpi=50)
plt.plot([1, 2])
"""


def test_figures_are_in_the_formats_of_the_notebook(folder):
    pytest.importorskip("matplotlib")
    figure = outputs(run(FORMATS, "plt.figure()\nNone"))[0][-1]
    assert {"image/svg+xml", "image/png"} <= figure["data"].keys()
    assert figure["metadata"]["image/png"].keys() == {"width", "height"}


VALUES = r"""
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
def function(a, *, b=1): return a
class Plain: pass
class Named:
    def __repr__(self): return "two\nlines"
class Many(list): pass
loop = [1]
loop.append(loop)
Pair = namedtuple("Pair", "left right")
VALUES = [
    [*range(60)], [*range(2000)], (1,), (), set(), frozenset(), {3, 1, 2}, {"b", 1}, {}, loop,
    {"a": [1] * 40, "b": {"c": ("x" * 50, "y" * 50), "d": 1}}, {"k" * 90: [1] * 30},
    [[[1] * 40]], function, len, Plain, int, Counter("aabbb"), OrderedDict(a=1), Counter(),
    defaultdict(list, a=[1] * 40), deque([1, 2]), ValueError("x", 1), Named(), Plain(),
    [Named(), Named(), 1], {"x": Named()}, Many([1, 2]), Pair(1, "a" * 90), [Pair(1, 2)] * 12,
    "x" * 200, ["x" * 70, "y"], b"1", 1.5, 2 + 3j, ..., range(3), {"key": "v" * 66},
    {"key": "v" * 67}, {"key": "v" * 68}, ["v" * 34, "w" * 35], ["v" * 34, "w" * 36],
    ["v" * 34, "w" * 37], [1, [2] * 25, 3], {(1, 2): {3, 4}, None: True},
    {"a": {"b": {"c": [*range(30)]}}}, [{"a": 1}] * 20, [(1, 2)] * 20, frozenset({1, 2}),
    {n: n for n in range(1200)}, print, Plain.__init__, "a\nb", KeyError(), [KeyError("a")] * 9,
]
"""


def test_values_are_printed_as_ipython_prints_them(folder):
    pretty = pytest.importorskip("IPython.lib.pretty").pretty
    space = {"__name__": "__main__"}
    exec(VALUES, space)  # noqa: S102  (a text of this test)
    for value in space["VALUES"]:
        assert pretty_of_runner(value) == pretty(value)
