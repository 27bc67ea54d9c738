"""What only IPython understands becomes plain Python, or is refused; nothing else changes."""

import pytest
from ipython_cases import LAWS, REFUSED, UNTOUCHED, one, translate

from nbsnake.ipython.scopes import parse
from nbsnake.ipython.translation import to_python
from nbsnake.model.step import Cell


@pytest.mark.parametrize("source", UNTOUCHED)
def test_what_is_not_ipythons_stays_as_it_is(source):
    assert translate(source) == ([source], [])


def test_cells_of_other_kinds_pass():
    cells = [
        Cell(index=3, kind="markdown", source="%time x"),
        Cell(index=4, kind="raw", source="!"),
    ]
    assert to_python(cells, "a.ipynb", in_step=True)[:2] == (cells, [])


@pytest.mark.parametrize("source", [key for key, value in LAWS.items() if value is not None])
def test_ipython_becomes_python(source):
    done = one(source)
    assert done == LAWS[source]
    assert parse(done) is not None
    assert one(done) == done


def test_values_are_filled_in_where_the_notebook_binds_the_names():
    (first, second, third), faults = translate(
        "import os\nname = 'a'\ndef f(local):\n    !echo $local {name}",
        "!cp {name} $HOME\n!echo $name {os.sep!r} $$ {{x}}\nx = !echo '$name' {name}",
        "!echo $local\n!awk '{print $1}' {name}\n%env A=$name\n%%time",
    )
    assert first.endswith('_nb_shell("echo {} {}".format(local, name))')
    assert second == (
        '_nb_shell("cp {name} $HOME")\n'
        '_nb_shell("echo {} {!r} $$ {{x}}".format(name, os.sep))\n'
        "x = _nb_lines(\"echo '$name' {}\".format(name))"
    )
    assert third.splitlines()[:3] == [
        '_nb_shell("echo $local")',
        "_nb_shell(\"awk '{print $1}' {name}\")",
        '_nb_setenv("A", "{}".format(name))',
    ]
    assert faults == ["3:4: the cell magic %%time is not in the cell's first line"]


FILLED = '_nb_shell(_nb_filled("echo $x", lambda: "echo {}".format(x)))'
CERTAIN = '_nb_shell("echo {}".format(x))'


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["x = 1", "!echo $x"], CERTAIN),
        (["x = 1\n!echo $x"], CERTAIN),
        (["for x in y:\n    !echo $x"], CERTAIN),
        (["def f(x):\n    !echo $x"], CERTAIN),
        (["if y:\n    x = 1\nelse:\n    x = 2\n!echo $x"], CERTAIN),
        (["with y as x:\n    pass\n!echo $x"], CERTAIN),
        (["try:\n    import x\nexcept ImportError:\n    x = None\n!echo $x"], CERTAIN),
        (["import x.y", "%time z\n%time !echo $x"], CERTAIN),
        (["!echo $x", "x = 1"], FILLED),
        (["!echo $x\nx = 1"], FILLED),
        (["if y:\n    x = 1\n!echo $x"], FILLED),
        (["for x in y:\n    pass\n!echo $x"], FILLED),
        (["while y:\n    x = 1\n!echo $x"], FILLED),
        (["try:\n    x = 1\nexcept ImportError:\n    pass\n!echo $x"], FILLED),
        (["x = 1\n!echo $x", "del x"], FILLED),
        (["def f():\n    !echo $x", "x = 1"], FILLED),
        (["from a import *\n!echo $x"], FILLED),
        (["exec('x = 1')\n!echo $x"], FILLED),
        (["%run a.py\n!echo $x"], FILLED),
        (["!echo $x"], '_nb_shell("echo $x")'),
    ],
)
def test_a_name_is_filled_in_where_it_is_bound(cells, line):
    sources, faults = translate(*cells)
    assert faults == []
    assert line in "\n".join(sources)


def test_what_a_failing_cell_binds_is_not_certain():
    tags = frozenset({"raises-exception"})
    cells = [
        Cell(index=1, kind="code", source="x = 1", tags=tags),
        Cell(index=2, kind="code", source="!echo $x"),
    ]
    assert to_python(cells, "a.ipynb", in_step=True).cells[1].source == FILLED


def test_values_are_filled_into_the_lines_of_cell_magics():
    (_, script, file), faults = translate(
        "name = 'a'", "%%bash -s $name\nx", "%%writefile {name}.txt\n{name}"
    )
    assert faults == []
    assert script == '_nb_script("bash -s {}".format(name),\n    "x\\n")\n'
    assert file == '_nb_write("{}.txt".format(name),\n    "{name}\\n")\n'


def test_helpers_are_those_that_the_cell_calls():
    cells = [
        Cell(index=1, kind="code", source="!ls"),
        Cell(index=2, kind="code", source="display(1)"),
        Cell(index=3, kind="code", source="%timeit x = display(%time 1)"),
        Cell(index=4, kind="code", source="from IPython.display import display\ndisplay(1)"),
        Cell(index=5, kind="code", source="%timeit x = display(1)\nawait y"),
    ]
    done = to_python(cells, "a.ipynb", in_step=True).cells
    assert [sorted(cell.helpers) for cell in done] == [
        ["_nb_child", "_nb_shell"],
        ["display"],
        [],
        [],
        ["_nb_await", "_nb_once"],
    ]


def test_a_path_in_a_script_of_its_own_stays_as_it_is():
    assert one("%run lib.py", in_step=False) == 'globals().update(_nb_run("lib.py"))'
    assert one("%cd ..", in_step=False) == '_nb_cd("..")'


@pytest.mark.parametrize("source", REFUSED)
def test_what_a_script_cannot_do_is_refused(source):
    (done,), faults = translate(source)
    assert faults == [REFUSED[source]]
    compile(done, "<cell>", "exec")


def test_all_faults_of_all_cells_are_reported_at_once():
    _, faults = translate("%foo\n%bar", "x = 1", "%%baz\nx")
    assert [fault.partition(": ")[0] for fault in faults] == ["1:1", "1:2", "3:1"]


def test_what_capture_catches_may_not_be_read():
    assert translate("%%capture out\nf()", "out = 1")[1] == []
    for reader in ("print(out)", "!echo {out.stdout}", "!echo $out"):
        _, faults = translate("%%capture out\nf()", reader)
        assert faults == ["1:1: 'out' is what '%%capture' caught, and another cell reads it"]


def test_names_that_another_cell_binds_are_the_notebooks():
    sources = ["ls", "_, display, In = 1, 2, 3", "_ + In", "def f():\n    return display"]
    assert translate("x = 1", *sources[1:]) == (["x = 1", *sources[1:]], [])
    assert translate("ls", "ls = 2")[0] == ["ls", "ls = 2"]
    assert translate("ls\n", "from a import *")[0] == ["ls\n", "from a import *"]
