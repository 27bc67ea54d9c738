"""Code counts, wherever it lies: modules of the project are deps of the steps that import them."""

import pytest
from diamond import COUNTED, NOTHING
from e2e_project import Project

pytestmark = pytest.mark.e2e
HELPERS = "from helpers import scale\n"
USERS = ("left", "right")  # of four steps; join reads what both write
TEN = '''"""One of ten.

:param source: what it reads
:param result: what it writes
:dvc-in source: {source}
:dvc-out result: data/{name}.txt
"""
source = "../{source}"
result = "../data/{name}.txt"
'''


@pytest.fixture
def helped(project: Project) -> Project:
    """``left`` and ``right`` import ``helpers.py``, which imports a package in ``src``."""
    project.write("notebooks/helpers.py", "from units import one\n\n\nscale = one\n")
    project.write("src/units/__init__.py", "from .numbers import one\n")
    project.write("src/units/numbers.py", "one = 1\n")
    for step in USERS:
        cells = notebook_cells(project, step)
        project.write_notebook(step, [*cells, "import sys\nsys.path.append('src')\n" + HELPERS])
    project.nbsnake("generate")
    project.snakemake()
    project.computed()
    return project


def notebook_cells(project: Project, step: str) -> list[str]:
    import json

    cells = json.loads(project.read(f"notebooks/{step}.ipynb"))["cells"]
    return ["".join(cell["source"]) for cell in cells]


def test_an_edit_of_a_module_runs_the_steps_that_import_it_and_a_comment_none(
    helped: Project,
) -> None:
    assert NOTHING in helped.snakemake()
    helped.assert_dvc_clean()
    helped.write("src/units/numbers.py", "one = 2 - 1\n")
    status = helped.status()
    assert {step for step in status if status[step]["reasons"]} == {*USERS}
    helped.snakemake()
    assert helped.computed() == ["left", "right"]  # join got what it had
    helped.assert_dvc_clean()

    helped.write("src/units/numbers.py", "# the first\none = 2 - 1  # of all\n")
    assert "only comments, formatting or generated parts changed" in helped.nbsnake("status").stdout
    printed = helped.snakemake()
    assert NOTHING in printed
    assert "only comments, formatting or generated parts changed in src/units/numbers.py" in printed
    assert helped.computed() == []
    helped.assert_dvc_clean()
    assert "up to date" in helped.dvc("repro")


@pytest.mark.lock
def test_a_helper_of_two_of_ten_steps_runs_these_and_what_depends_on_them(
    project: Project,
) -> None:
    for path in project.root.joinpath("notebooks").iterdir():
        path.unlink()
    project.write("notebooks/helpers.py", "scale = 1\n")
    for number in range(10):
        source = "data/s2.txt" if number == 4 else "data/raw.txt"
        imported = "from helpers import scale\n" if number in (2, 3) else "scale = 0\n"
        body = "write_slowly(result, f'{scale} {len(open(source).read())} {open(source).read()}')\n"
        cells = [TEN.format(source=source, name=f"s{number}"), COUNTED.format(step=f"s{number}")]
        project.write_notebook(f"s{number}", ["# One", *cells, imported + body])
    project.write("params.yaml", "{}\n")
    project.nbsnake("run")
    assert len(project.computed()) == 10
    project.write("notebooks/helpers.py", "# the same\nscale = 1\n")
    project.nbsnake("run")
    assert project.computed() == []
    project.write("notebooks/helpers.py", "scale = 2\n")
    project.nbsnake("run")
    assert project.computed() == ["s2", "s3", "s4"]
    project.assert_dvc_clean()


def test_a_new_module_that_is_imported_instead_makes_its_steps_stale(helped: Project) -> None:
    helped.write("notebooks/helpers/__init__.py", "scale = 2\n")
    for reason in ("dvc.yaml has another stage left than the notebooks give now", "is a new dep"):
        status = helped.status()
        assert {step for step in status if status[step]["reasons"]} == {*USERS}
        assert reason in str(status["left"]["reasons"])
        helped.nbsnake("generate")


def test_a_module_with_a_syntax_error_is_one_message_and_nothing_is_written(
    helped: Project,
) -> None:
    before = helped.files("workflow"), helped.read("dvc.yaml")
    helped.write("notebooks/helpers.py", "scale =\n")
    message = helped.nbsnake("generate", code=1).stderr
    assert "notebooks/helpers.py, line 1: is not valid Python" in message
    assert "Traceback" not in message
    assert (helped.files("workflow"), helped.read("dvc.yaml")) == before


def test_a_notebook_that_was_edited_is_never_called_fresh(done: Project) -> None:
    done.replace("notebooks/left.ipynb", "value * factor", "value * factor + 1")
    lock = done.lock()
    left, join = (done.status()[step] for step in ("left", "join"))
    assert left["state"] == join["state"] == "stale"
    assert left["reasons"] == [
        "notebooks/left.ipynb is newer than workflow/scripts/left.py (cell 5)"
    ]
    refused = done.snakemake(code=1)
    assert "notebooks/left.ipynb is newer than workflow/scripts/left.py (cell 5)" in refused
    assert "run: nbsnake generate, or: nbsnake run" in refused
    assert done.computed() == []
    assert done.lock() == lock
    assert "rule left:" in done.snakemake("--dry-run")
    done.nbsnake("generate")
    done.snakemake()
    assert done.computed() == ["join", "left"]
    done.assert_dvc_clean()


def test_a_notebook_of_which_only_text_was_edited_is_fresh(done: Project) -> None:
    done.replace("notebooks/left.ipynb", "# The left branch", "# The other branch")
    done.replace("notebooks/left.ipynb", "Multiply the numbers.", "Multiply all numbers.")
    done.nbsnake("generate")
    assert {each["state"] for each in done.status().values()} == {"fresh"}
    assert NOTHING in done.snakemake()
    assert done.computed() == []
    done.assert_dvc_clean()


def test_a_notebook_that_is_not_valid_stops_a_run(done: Project) -> None:
    done.replace("notebooks/left.ipynb", "value * factor", "value *")
    refused = done.snakemake(code=1)
    assert "notebooks/left.ipynb, cell 5, line 4: is not valid Python" in refused
    assert "Traceback" not in refused
    lines = done.nbsnake("status").stdout.splitlines()
    assert "left   stale    notebooks/left.ipynb cannot become a script" in lines
    assert "right  fresh" in lines
