"""Scripts that are run: they do what the notebook does, and say where it fails."""

import json
import re
import subprocess
import sys

import pytest
from builders import declare, nb, nb_fields, run_script, step

from nbsnake.errors import NotebookError
from nbsnake.notebook.read import parse_notebook
from nbsnake.notebook.read_step import read_any
from nbsnake.render.script import render_plain_script, render_script

HEAD = declare(":dvc-out: data/out.txt")
POOL = "with multiprocessing.get_context('{}').Pool(2) as pool:\n    "


def output(folder, *cells, words=(), **more):
    """What the script of a notebook with these cells prints; it must not fail, nor warn."""
    done = run_script(step(HEAD, *cells, **more), folder, *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def cell_of_line(script, number):
    """The cell and its line that a line of a script comes from."""
    lines = script.splitlines()[:number]
    marks = [(i, match[1]) for i, line in enumerate(lines) if (match := MARK.match(line))]
    index, cell = marks[-1]
    return int(cell), number - index - 1


MARK = re.compile(r"# %% .*?cell (\d+)$")
BREAK = "broken"


@pytest.mark.parametrize(
    "source",
    [
        f"{BREAK}",
        f"import os\n\n\n{BREAK}",
        f"x = '''\n\n'''\n{BREAK}",
        f"from __future__ import (\n    division,\n)\nx = 1\n{BREAK}",
        f"def f():\n    global x\n    {BREAK}\n\nf()",
        f"# a comment\n%matplotlib inline\n{BREAK}",
        f"# a\r\n\r\n{BREAK}\r\n",
        f"'''\\\n'''\nx = (\n  1\n)\n{BREAK}",
    ],
)
def test_line_of_a_traceback_leads_to_the_cell(source, tmp_path):
    made = step(HEAD, "import sys", ("markdown", "# A\n\nb"), source)
    done = run_script(made, tmp_path)
    number = int(re.findall(r"line (\d+), in ", done.stderr)[-1])
    line = (
        source.replace("\r\n", "\n")
        .split("\n")
        .index(next(each for each in source.replace("\r\n", "\n").split("\n") if BREAK in each))
    )
    assert cell_of_line(render_script(made).replace("\r\n", "\n"), number) == (4, line + 1)
    assert "NameError" in done.stderr


def test_class_of_the_notebook_can_be_pickled(tmp_path):
    cells = [
        "import pickle\nfrom dataclasses import dataclass",
        "@dataclass\nclass Point:\n    x: int",
        "print(pickle.loads(pickle.dumps([Point(1), Point])))",
    ]
    assert "Point(x=1)" in output(tmp_path, *cells)


def test_pool_of_forks_runs_functions_of_the_notebook(tmp_path):
    cells = [
        "import multiprocessing\n\ndef square(x):\n    return x * x",
        f"{POOL.format('fork')}print(pool.map(square, [1, 2, 3]))",
    ]
    assert output(tmp_path, *cells) == "[1, 4, 9]\n"


def test_spawned_pool_runs_functions_of_libraries(tmp_path):
    """As in Jupyter, workers know nothing of the notebook; they must not run it again, either."""
    cells = [
        "import math, multiprocessing\nprint('once', flush=True)",
        f"{POOL.format('spawn')}print(pool.map(math.factorial, [1, 2, 3]))",
    ]
    assert output(tmp_path, *cells) == "once\n[1, 2, 6]\n"


def test_executor_runs_modules_beside_the_notebook(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/beside.py").write_text("def double(x):\n    return 2 * x\n")
    cell = (
        "import multiprocessing\nfrom concurrent.futures import ProcessPoolExecutor\n"
        "from beside import double\n"
        "with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context('spawn')) as pool:\n"
        "    print([*pool.map(double, [1, 2])])"
    )
    assert output(tmp_path, cell) == "[2, 4]\n"


def test_main_guard_is_entered(tmp_path):
    assert output(tmp_path, "if __name__ == '__main__':\n    print('main')") == "main\n"


@pytest.mark.parametrize("name", ["_2", "Out[2]", "_"])
def test_the_result_of_a_cell_that_is_left_out_is_refused(name):
    with pytest.raises(NotebookError, match="is the result of cell 2, which is left out"):
        read_any(nb("x = 1", "# No effect\n5", f"print({name})"))


def test_results_are_counted_as_all_cells_run(tmp_path):
    cells = ["# No effect\nx", "5", ("markdown", "a"), "   ", "print(_3, Out[3])"]
    assert output(tmp_path, *cells) == "5 5\n"


def test_a_number_of_another_run_is_named(tmp_path):
    fields = nb_fields("5", "print(_9)")
    fields["cells"][0]["execution_count"] = 9
    with pytest.raises(NotebookError, match="In \\[9\\] was cell 1 when the notebook was saved"):
        read_any(parse_notebook(json.dumps(fields).encode(), "a.ipynb"))


def test_a_cell_that_may_fail_ends_nothing(tmp_path):
    source = "s = '''a\n  b'''\nint('x')\nt = 1"
    cells = [source, "print([s, 't' in globals()])"]
    done = run_script(step(HEAD, *cells, tags={2: ["raises-exception"]}), tmp_path)
    assert (done.returncode, done.stdout) == (0, "['a\\n  b', False]\n")
    assert "ValueError: invalid literal" in done.stderr


def test_a_cell_that_is_to_fail_need_not_be_python(tmp_path):
    cells = ["x = = 1\ny", "print('on')"]
    assert output(tmp_path, *cells, tags={2: ["raises-exception"]}) == "on\n"


def test_star_import_binds_names_for_later_cells(tmp_path):
    assert output(tmp_path, "from math import *", "print(floor(pi))") == "3\n"


def test_file_idiom_takes_the_branch_of_the_notebook(tmp_path):
    cell = "try:\n    here = __file__\nexcept NameError:\n    here = 'notebook'\nprint(here)"
    assert output(tmp_path, cell, "print('__file__' in globals())") == "notebook\nFalse\n"


def test_modules_beside_the_notebook_come_before_others(tmp_path):
    (tmp_path / "notebooks/deep").mkdir(parents=True)
    (tmp_path / "notebooks/deep/beside.py").write_text("x = 'beside'")
    (tmp_path / "workflow/scripts").mkdir(parents=True)
    (tmp_path / "workflow/scripts/json.py").write_text("x = 'of the scripts'")
    cells = ["import beside, json\nprint(beside.x, json.dumps(1))"]
    assert output(tmp_path, *cells, path="notebooks/deep/a.ipynb") == "beside 1\n"


def test_script_of_a_notebook_in_the_root_imports_from_the_root(tmp_path):
    (tmp_path / "beside.py").write_text("x = 3")
    assert output(tmp_path, "import beside\nprint(beside.x)", path="a.ipynb") == "3\n"


def test_working_directory_is_the_root(tmp_path):
    assert output(tmp_path, "import os\nprint(os.getcwd())").strip() == str(tmp_path.resolve())


@pytest.mark.parametrize(
    "text",
    [
        "a\tb",
        "a\x0cb",
        "é✓😀\u2028\x85",
        "  indented\n\ttabs\n",
        "trailing  \n\n\n",
        "\\",
        "#",
        "%x",
    ],
    ids=ascii,
)
def test_constants_of_text_stay_as_they_are(text, tmp_path):
    quoted = text.replace("\\", "\\\\")
    cell = f"x = '''{quoted}'''\ny = f'''{quoted}'''\nprint(ascii(x), x == y)"
    assert output(tmp_path, cell) == f"{text!a} True\n"


def test_line_breaks_of_other_kinds_are_read_as_python_reads_them(tmp_path):
    assert output(tmp_path, "x = '''a\r\nb'''\r\nprint(ascii(x))\r\n") == "'a\\nb'\n"
    assert output(tmp_path, "x = 1\rprint(x)") == "1\n"


@pytest.mark.parametrize(
    "cell",
    [
        "\x0cx = 1\nprint(x)",
        "if True:\n\tx = 1\n\tprint(x)",
        "été = 1; print(été)",
        "x = 1; print(x) # no end of line",
        "\n\n\nprint(1)\n\n\n",
        "# coding: latin-1\nprint(1)",
    ],
    ids=ascii,
)
def test_cell_of_any_layout_runs(cell, tmp_path):
    assert output(tmp_path, cell) == "1\n"


def test_annotations_of_the_notebook_are_evaluated_as_there(tmp_path):
    assert output(tmp_path, "x: 'no such type' = 1\nprint(__annotations__)") == (
        "{'x': 'no such type'}\n"
    )
    cells = ["from __future__ import annotations", "x: NoSuchType = 1\nprint(__annotations__)"]
    assert output(tmp_path, *cells) == "{'x': 'NoSuchType'}\n"


def test_only_a_notebook_that_draws_gets_a_backend(tmp_path):
    shows = "import os\nprint(os.environ.get('MPLBACKEND'))"
    env = {"PATH": "/usr/bin:/bin"}
    plain = run_script(step(HEAD, shows), tmp_path, env=env)
    assert plain.stdout == "None\n"
    for library in ("matplotlib", "pylab", "seaborn"):
        made = step(HEAD, f"{shows}\nif False:\n    import {library}")
        assert run_script(made, tmp_path, env=env).stdout == "agg\n"
        assert run_script(made, tmp_path, env=env | {"MPLBACKEND": "svg"}).stdout == "svg\n"
    for cell in [("markdown", "matplotlib"), "# No effect\nimport matplotlib"]:
        assert run_script(step(HEAD, cell, shows), tmp_path, env=env).stdout == "None\n"


def test_script_leaves_no_names_but_its_own(tmp_path):
    names = set(output(tmp_path, "print(*dir())").split())
    assert {name for name in names if not name.startswith("__")} == {
        "_args",
        "_parse_args",
    }


def test_script_runs_by_its_path_from_anywhere(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/beside.py").write_text("x = 3")
    made = step(HEAD, "import beside\nprint(beside.x)")
    assert run_script(made, tmp_path).stdout == "3\n"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = elsewhere / "link.py"
    link.symlink_to(tmp_path / made.script)
    done = subprocess.run(
        [sys.executable, str(link)], cwd=elsewhere, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_plain_script_without_parameters_leaves_the_command_line_alone(tmp_path):
    program = read_any(nb("import sys\nprint(sys.argv[1:])", path="a.ipynb")).program
    (tmp_path / "a.py").write_text(render_plain_script(program, (), (), "."))
    words = [sys.executable, str(tmp_path / "a.py"), "--help", "-x"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("['--help', '-x']\n", "")
