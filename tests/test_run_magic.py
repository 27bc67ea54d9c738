"""``%run``: files with options, and other notebooks, whose cells become part of the script."""

import subprocess
import sys
from pathlib import Path

import pytest
from builders import declare, nb, nb_bytes

from nbsnake.__main__ import main
from nbsnake.errors import NotebookError
from nbsnake.notebook.read_step import read_any

R = {"language_info": {"name": "R"}}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(name, *cells, **more):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(nb_bytes(*cells, **more))


def printed(*cells, **more):
    """What the script of a notebook prints."""
    put("a.ipynb", *cells, **more)
    assert main(["convert", "a.ipynb"]) == 0
    done = subprocess.run([sys.executable, "a.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(*cells):
    with pytest.raises(NotebookError) as caught:
        read_any(nb(*cells, path="a.ipynb"))
    return str(caught.value)


def test_cells_of_another_notebook_run_in_their_place():
    put("other.ipynb", ("markdown", "# A"), "a = x", "s = '''b\n  c'''\n!echo $a", "%%bash\necho d")
    assert printed("x = 1\n%run other.ipynb\nprint([s])", "!echo $a") == "1\nd\n['b\\n  c']\n1\n"


def test_notebooks_may_run_others():
    put("b.ipynb", "%run ./c.ipynb", "y = z + 1")
    put("c.ipynb", "z = 1")
    assert printed("%run b.ipynb", "print(y, z)") == "2 1\n"


def test_cells_without_effect_are_left_out_there_too():
    put("b.ipynb", "# No effect\nprint('seen')", "y = 1")
    assert printed("%run b.ipynb", "print(y)") == "1\n"


def test_a_magic_without_its_sign_runs_a_notebook():
    put("b.ipynb", "y = 1")
    assert printed("run b.ipynb", "print(y)") == "1\n"


def test_figures_end_with_the_cells_of_another_notebook():
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2])"
    put("b.ipynb", draw, "print(plt.get_fignums())\nplt.plot([1])")
    assert printed("%run b.ipynb\nprint(plt.get_fignums())") == "[]\n[]\n"


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (["x = ("], "b.ipynb, cell 1 is not valid Python"),
        (["x", "y\n%store z"], "in b.ipynb, cell 2, line 2: the magic %store is not supported"),
        (["%run b.ipynb"], "'b.ipynb' is run by itself"),
    ],
)
def test_a_fault_of_another_notebook_names_its_place(other, message):
    put("b.ipynb", *other)
    assert message in refusal("%run b.ipynb")


def test_what_is_no_python_notebook_is_refused():
    put("b.ipynb", "x <- 1", metadata=R)
    assert "is written in r" in refusal("%run b.ipynb")
    Path("c.ipynb").write_text("{")
    assert "is not valid JSON" in refusal("%run c.ipynb")
    assert "cannot be read" in refusal("%run none.ipynb")
    assert "is inside a block" in refusal("if x:\n    %run b.ipynb")
    assert "another magic runs" in refusal("%time %run b.ipynb")


def test_a_change_of_another_notebook_changes_the_script_of_a_step():
    Path(".dvc").mkdir()
    put("notebooks/b.ipynb", "y = 1")
    put("notebooks/a.ipynb", declare(":dvc-out: out.txt"), "%run b.ipynb")
    script = Path("workflow/scripts/a.py")
    assert main(["generate"]) == 0
    assert "y = 1" in script.read_text()
    assert main(["check"]) == 0
    put("notebooks/b.ipynb", "y = 2")
    assert main(["check"]) == 1
    assert main(["generate"]) == 0
    assert "y = 2" in script.read_text()


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [("b.ipynb", "y = 1", "y = 2"), ("mine.py", "y = 1", "import matplotlib.pyplot as y")],
)
def test_what_a_converted_notebook_rests_on_is_watched(file, before, after):
    Path("nbsnake.yaml").write_text("")
    put("a.ipynb", "%run b.ipynb" if file == "b.ipynb" else "import mine\nmine.f()", "x", "x")

    def write(text):
        put(file, text) if file.endswith(".ipynb") else Path(file).write_text(text)
        assert main(["convert", "a.ipynb"]) == 0
        return Path("a.py").read_text()

    first = write(before)
    assert write(before) == first
    assert write(after) != first


FILE = "import sys\ny = globals().get('x', 0) + 1\nprint(__name__, sys.argv[1:])\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%run f.py a", "__main__ ['a']\n1"),
        ("%run -i f.py a 'b c'", "__main__ ['a', 'b c']\n6"),
        ("%run -n f.py", "f []\n1"),
        ("%run -p f.py", "__main__ []\n1"),
        ("%run -t -G f.py *", "__main__ ['*']\n1"),
        ("%run -m f a", "__main__ ['a']\n1"),
    ],
)
def test_a_file_runs_with_options(line, expected):
    Path("f.py").write_text(FILE)
    assert printed(f"x = 5\n{line}\nprint(y)\nprint(__name__)") == f"{expected}\n__main__\n"


def test_an_exit_of_a_file_may_be_ignored():
    Path("f.py").write_text("import sys\ny = 1\nsys.exit(3)\n")
    assert printed("%run -e f.py\nprint(y)") == "1\n"


def test_a_file_that_runs_inside_shares_names_with_the_notebook():
    Path("f.py").write_text("def h():\n    return w\n")
    assert printed("%run -i f.py\nw = 3\nprint(h())") == "3\n"


@pytest.mark.parametrize(
    "head",
    [
        "from IPython.display import display, clear_output, update_display",
        "from IPython.core.display import (\n    clear_output,\n    display, update_display\n)",
    ],
)
def test_displays_can_be_updated(head):
    cells = [head, "h = display(1, display_id=True)\nh.update(2)\nclear_output(wait=True)"]
    cells += ["h.display(3)\nupdate_display(4, display_id=h.display_id)\nprint(len(h.display_id))"]
    assert printed(*cells) == "1\n2\n3\n4\n32\n"
    assert "import IPython" not in Path("a.py").read_text()


def test_displays_of_a_module_can_be_updated():
    cells = ["import IPython.display as d", "h = d.display(1, display_id='x')\nh.update(2)"]
    assert printed(*cells, "print(h.display_id, display(5))") == "1\n2\n5\nx None\n"


def test_a_notebook_that_updates_nothing_keeps_its_import():
    read = read_any(nb("from IPython.display import display\ndisplay(1)"))
    assert read.program.cells[0].source == "from IPython.display import display\ndisplay(1)"
