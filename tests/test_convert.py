"""``nbsnake convert``: scripts of any notebooks, wherever they lie."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import declare, nb_bytes

from nbsnake.__main__ import main
from nbsnake.errors import UsageError
from nbsnake.generate.convert import Job, plan_jobs

R = {"language_info": {"name": "R"}}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "deep/b", "deep/.ipynb_checkpoints/c", "deep/env/lib/d"):
        put(f"nb/{name}.ipynb", f"print({name!r})")
    put("nb/deep/env/pyvenv.cfg", "")
    return tmp_path


def put(path, *cells, **more):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(nb_bytes(*cells, **more))


def output_of(script, *words):
    done = subprocess.run([sys.executable, script, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_script_stands_beside_its_notebook():
    assert main(["convert", "nb/a.ipynb"]) == 0
    assert output_of("nb/a.py") == "a\n"


def test_folder_keeps_its_shape_in_another_folder():
    assert main(["convert", "nb", "-o", "out"]) == 0
    found = sorted(path.as_posix() for path in Path("out").rglob("*.py"))
    assert found == ["out/a.py", "out/deep/b.py"]


def test_one_script_may_be_named():
    assert main(["convert", "nb/a.ipynb", "-o", "some/where.py"]) == 0
    assert output_of("some/where.py") == "a\n"


def test_dash_prints_the_script(capsys):
    assert main(["convert", "nb/a.ipynb", "-o", "-"]) == 0
    assert "print('a')" in capsys.readouterr().out
    assert main(["convert", "nb", "-o", "-"]) == 2


def test_bad_notebook_does_not_stop_the_others(capsys):
    put("nb/0.ipynb", "x = (")
    put("nb/r.ipynb", "x <- 1", metadata=R)
    Path("nb/z.ipynb").write_text("{")
    assert main(["convert", "nb", "-o", "out"]) == 1
    output = capsys.readouterr().err
    assert "nb/0.ipynb, cell 1, line 1: is not valid Python" in output
    assert "nb/r.ipynb: is written in r" in output
    assert "nb/z.ipynb, line 1: is not valid JSON" in output
    assert "2 converted, 3 refused" in output
    assert sorted(path.name for path in Path("out").rglob("*.py")) == ["a.py", "b.py"]


def test_second_run_writes_nothing(capsys):
    main(["convert", "nb", "-o", "out"])
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.py")}
    capsys.readouterr()
    assert main(["convert", "nb", "-o", "out"]) == 0
    assert capsys.readouterr().err == ""
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.py")} == before


def test_file_of_a_person_is_not_overwritten(capsys):
    Path("nb/a.py").write_text("mine\n")
    assert main(["convert", "nb/a.ipynb"]) == 1
    assert "does not overwrite it" in capsys.readouterr().err
    assert Path("nb/a.py").read_text() == "mine\n"
    assert main(["convert", "nb/a.ipynb", "--force"]) == 0
    assert output_of("nb/a.py") == "a\n"


def test_two_notebooks_never_become_one_script():
    put("other/a.ipynb", "1")
    with pytest.raises(UsageError, match="would both become"):
        plan_jobs(["nb/a.ipynb", "other/a.ipynb"], "out")
    assert plan_jobs(["nb/a.ipynb", "nb"], "out/")[0] == Job("nb/a.ipynb", "out/a.py")


def test_missing_notebook_is_a_wrong_call(capsys):
    assert main(["convert", "none.ipynb"]) == 2
    assert "there is no notebook or folder none.ipynb" in capsys.readouterr().err


def test_notebook_without_parameters_leaves_the_command_line_alone():
    put("nb/argv.ipynb", "import sys\nprint(sys.argv[1:])")
    main(["convert", "nb/argv.ipynb"])
    assert output_of("nb/argv.py", "--x", "y") == "['--x', 'y']\n"


def test_step_is_converted_without_its_project():
    fields = [":param int n: how many", ":dvc-in data: ../outside.csv", ":param data: d"]
    put("nb/s.ipynb", declare(*fields, ":dvc-out: {{ conf.x }}"), "print(n, data)")
    assert main(["convert", "nb/s.ipynb"]) == 0
    assert output_of("nb/s.py", "--n", "3", "--data=x") == "3 x\n"
    done = subprocess.run([sys.executable, "nb/s.py"], capture_output=True, text=True)
    assert "required" in done.stderr


def test_script_imports_from_the_notebooks_folder():
    put("nb/uses.ipynb", "import neighbour\nprint(neighbour.x)")
    Path("nb/neighbour.py").write_text("x = 7\n")
    main(["convert", "nb/uses.ipynb", "-o", "out/uses.py"])
    assert output_of("out/uses.py") == "7\n"


def test_settings_of_a_project_hold_below_it(monkeypatch):
    put("nb/s.ipynb", "# For my eyes only\nraise SystemExit(1)", "print('kept')")
    Path("nbsnake.yaml").write_text('ignore_keys: ["For my eyes only"]\n')
    monkeypatch.chdir("nb")
    main(["convert", "s.ipynb"])
    assert output_of("s.py") == "kept\n"


def test_project_knows_what_it_converted_before(monkeypatch, capsys):
    Path("nbsnake.yaml").write_text("")
    assert main(["convert", "nb", "-o", "out"]) == 0
    monkeypatch.setattr("nbsnake.commands.convert.convert", None)  # it would fail if called
    assert main(["convert", "nb", "-o", "out"]) == 0
    monkeypatch.undo()


@pytest.mark.parametrize("path", ["nb/a.ipynb", "out/a.py", "nbsnake.yaml"])
def test_project_converts_again_what_changed(path, here, monkeypatch):
    monkeypatch.chdir(here)
    Path("nbsnake.yaml").write_text("")
    main(["convert", "nb", "-o", "out"])
    before = Path("out/a.py").read_text()
    if path.endswith(".ipynb"):
        put(path, "print('changed')")
    elif path.endswith(".py"):
        Path(path).unlink()
    else:
        Path(path).write_text('ignore_keys: ["x"]\n')
    assert main(["convert", "nb", "-o", "out"]) == 0
    assert (Path("out/a.py").read_text() != before) is path.endswith(".ipynb")
    assert Path("out/a.py").exists()


def test_nothing_but_scripts_is_written_outside_of_a_project(here):
    before = set(here.rglob("*"))
    main(["convert", "nb", "-o", "out"])
    new = {path.relative_to(here).as_posix() for path in here.rglob("*")} - {
        path.relative_to(here).as_posix() for path in before
    }
    assert new == {"out", "out/a.py", "out/deep", "out/deep/b.py"}


def test_a_notebook_is_never_overwritten(capsys):
    before = Path("nb/a.ipynb").read_bytes()
    assert main(["convert", "-f", "nb/a.ipynb", "-o", "nb/a.ipynb"]) == 1
    assert Path("nb/a.ipynb").read_bytes() == before
    assert "does not overwrite it" in capsys.readouterr().err


def test_a_folder_becomes_a_folder_also_with_one_notebook():
    put("one/x.ipynb", "print(1)")
    assert main(["convert", "one", "-o", "new"]) == 0
    assert output_of("new/x.py") == "1\n"


def test_what_is_no_file_is_no_notebook(capsys):
    os.mkfifo("nb/pipe.ipynb")
    assert main(["convert", "nb", "-o", "out"]) == 0
    assert main(["convert", "nb/pipe.ipynb"]) == 2
    assert main(["convert", "nb/a.ipynb", "-o", "/dev/full"]) == 1


def test_empty_folder_is_reported(capsys):
    Path("empty").mkdir()
    assert main(["convert", "empty"]) == 0
    assert "no notebook in empty" in capsys.readouterr().err
