"""Cells marked as without effect are shown behind the script, and change nothing of its result."""

import os
from pathlib import Path

import pytest
from test_runner import call, notebook, script

from nbsnake.job import runner
from nbsnake.job.executed import ALL_CELLS, EVENTS, RUNNER, of_script, place_of_failure, read_events
from nbsnake.job.runner.marked import landlock_version
from nbsnake.model.step import Cell, Notebook
from nbsnake.notebook.marked_cells import marked_cells
from nbsnake.notebook.read_step import read_any
from nbsnake.render.script import render_marked

FIRST = "import mmap\nout = open('out.txt', 'w')\nout.write('right')\nvalues = [1]"
needs_landlock = pytest.mark.skipif(landlock_version() < 1, reason="needs Landlock")


def shown(marked, *cells, code=0):
    """The events of a script of these cells, with what is marked behind them."""
    script(*cells)
    Path("marked").mkdir(exist_ok=True)
    Path("marked/script.py").write_text(marked)
    where = {EVENTS: os.path.abspath("events"), ALL_CELLS: os.path.abspath("marked")}
    done = call(RUNNER, code=code, **where)
    return read_events("events"), done


def note(number):
    return f"# Cell {number} is left out: it is marked '# No effect'."


def test_names_of_the_variables_are_the_same():
    assert runner.ALL_CELLS == ALL_CELLS


@needs_landlock
def test_a_marked_cell_is_shown_in_its_place_and_sees_a_copy(folder):
    marked = "# %% cell 9\nvalues.append(2)\nprint(len(values))\nvalues\n"
    events, done = shown(marked, f"{FIRST}\n\n{note(9)}", "print(values)")
    cells = notebook(events)["cells"]
    assert [cell["cell_type"] for cell in cells] == ["code", "code", "code"]
    assert cells[1]["outputs"][0]["text"] == "2\n"
    assert cells[1]["outputs"][1]["data"]["text/plain"] == "[1, 2]"
    assert cells[1]["execution_count"] == 3
    assert done.stdout == b"[1]\n"


@needs_landlock
@pytest.mark.parametrize(
    "evil",
    [
        "out.write('wrong'); out.flush(); out.close()",
        "open('out.txt', 'w').write('wrong')",
        "open(__import__('os').path.abspath('out.txt'), 'r+').write('wrong')",
        "__import__('os').remove('out.txt')",
        "__import__('os').rename('out.txt', 'other')",
        "__import__('os').truncate('out.txt', 0)",
        "__import__('os').chmod('out.txt', 0)",
        "__import__('os').mkdir('new')",
        "__import__('os').symlink('out.txt', 'new')",
        "__import__('subprocess').run(['sh', '-c', 'echo wrong > out.txt'])",
        "__import__('os')._exit(7)",
        "__import__('os').kill(__import__('os').getpid(), 11)",
        "raise SystemExit(3)",
        "import atexit; atexit.register(print, 'late')",
        "out = None",
    ],
)
def test_no_marked_cell_changes_what_the_step_wrote(folder, evil):
    before = {"events", "marked", "out.txt", "script.py"}
    _, done = shown(f"# %% cell 2\n{evil}\n", f"{FIRST}\n\n{note(2)}")
    assert b"cells without effect are not shown" not in done.stderr  # the cell ran
    assert {*os.listdir()} == before
    assert Path("out.txt").read_text() == "right"
    assert Path("out.txt").stat().st_mode & 0o600 == 0o600
    assert done.stdout == b""


@needs_landlock
def test_a_cell_that_fails_or_ends_the_copy_is_no_failure_of_the_step(folder):
    marked = "# %% cell 2\n1 / 0\n# %% cell 3\n__import__('os')._exit(7)\n# %% cell 4\n1\n"
    events, _ = shown(marked, f"x = 1\n\n{note(2)}\n\n{note(3)}\n\n{note(4)}")
    cells = notebook(events)["cells"]
    assert cells[1]["outputs"][0]["ename"] == "ZeroDivisionError"
    assert cells[2]["outputs"] == []
    assert cells[3]["source"] == "Cell 4 is left out: it is marked '# No effect'."
    assert place_of_failure(events)["cell"] == 0
    assert "modules" in events[-1]


STREAMS = (
    "import io, weakref\nclass Some: pass\ngone = weakref.proxy(Some())\n"
    "text = io.TextIOWrapper(io.BytesIO())\ntext.detach()"
)


@needs_landlock
def test_streams_that_cannot_be_flushed_keep_no_cell_from_being_shown(folder):
    events, _ = shown("# %% cell 2\n'shown'\n", f"{STREAMS}\n\n{note(2)}")
    assert notebook(events)["cells"][1]["outputs"][0]["data"]["text/plain"] == "'shown'"


@needs_landlock
def test_what_is_an_output_of_the_step_has_no_marked_cell(folder):
    cells = (f"x = 1\n\n{note(2)}", "x")
    events, _ = shown("# %% cell 2\nx\n", *cells)
    own = notebook(of_script(events))
    Path("marked/script.py").unlink()
    Path("events").unlink()
    call(RUNNER, **{EVENTS: os.path.abspath("events")})
    plain = notebook(read_events("events"))
    for cell in [*own["cells"], *plain["cells"]]:
        cell["metadata"] = {}
    assert own["cells"] == plain["cells"]


def test_cells_are_not_run_while_a_file_is_mapped_to_write(folder):
    mapped = "import mmap\nopen('m', 'wb').write(b'abc')\nf = open('m', 'r+b')\n"
    _, done = shown("# %% cell 2\nm[0] = 0\n", f"{mapped}m = mmap.mmap(f.fileno(), 0)\n\n{note(2)}")
    assert Path("m").read_bytes() == b"abc"
    assert b"cells without effect are not shown: " in done.stderr


def test_a_script_that_fails_shows_none(folder):
    events, _ = shown("# %% cell 2\n1\n", f"x = 1\n\n{note(2)}", "1 / 0", code=1)
    assert place_of_failure(events)["error"] == "ZeroDivisionError: division by zero"
    assert of_script(events) == events


def marked(*sources, **tags):
    cells = tuple(
        Cell(kind="code", source=source, index=index, tags=frozenset(tags.get(f"c{index}", ())))
        for index, source in enumerate(sources, start=1)
    )
    found = Notebook(path="a.ipynb", language="python", cells=cells)
    program = read_any(found).program
    return render_marked(program, marked_cells(found, program, ("No effect",)))


def test_marked_cells_become_python_with_what_the_script_lacks():
    text = marked("x = 1\n!ls", "# No effect\n!echo $x\ndisplay(x)")
    assert "def _nb_shell" not in text
    assert "def display" in text
    assert '# %% cell 2\n# No effect\n_nb_shell("echo {}".format(x))\n' in text


def test_a_marked_cell_that_cannot_run_is_a_note_that_says_why():
    text = marked("x = 1", "# No effect\n%cython x", "# No effect\nif", "# No effect\nx")
    assert "# Cell 2 is left out: it is marked '# No effect'; it cannot be shown: " in text
    assert "# Cell 3 is left out: it is marked '# No effect'; it cannot be shown: " in text
    assert "# %% cell 4\n" in text


def test_cells_with_tags_of_others_are_not_run():
    text = marked("x = 1", "x = 2", "x = 3", "x = 4", c2={"injected-parameters"}, c3={"no-effect"})
    assert "x = 2" not in text
    assert "x = 3" in text


def test_a_figure_of_the_script_ends_before_marked_cells_draw():
    plot = "import matplotlib.pyplot as plt\nplt.plot([1])"
    assert marked(plot, f"# No effect\n{plot}").lstrip().startswith('plt.close("all")')
