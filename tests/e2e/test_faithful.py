"""What the notebook says is what runs: values, names, commands, and nothing that was not asked."""

import json
import subprocess
import sys

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.lock]
VALUES = {
    "quotes": "'\"'\"`a` $(b) ${c} \\${d} {e} {{f}} %s \\",
    "lines": "first\nsecond\r\n\tthird\u2028end\n",
    "dashes": "--",
    "empty": "",
    "unicode": "é ✓ 😀 \u00a0",
    "long": "x'\"\\ é" * 20_000,
    "texts": ["", "-a", "--quotes=1", "a b", "c\nd"],
    "numbers": [1, 0.5, -3],
    "none": None,
    "mapping": {"a": {"b": [1, None, "'"]}, "": "${x}"},
    "flag": False,
    "tiny": 1e-30,
}
TYPES = {
    "texts": "list[str] ",
    "numbers": "list[float] ",
    "none": "int | None ",
    "mapping": "dict ",
    "flag": "bool ",
    "tiny": "float ",
}
ECHO = """\
import json
names = [{names}]
with open(target, "w") as file:
    json.dump({{name: globals()[name] for name in names}}, file)
"""
HOSTILE = ["a b;rm -rf .ipynb", "$(touch canary).ipynb", "-dash.ipynb", 'it\'s "q" & `x`.ipynb']


def echo_cells(values: dict[str, object], body: str = "") -> list[str]:
    params = [f":param {TYPES.get(name, 'str ')}{name}: {name}" for name in values]
    lines = "\n".join(
        [*params, ":param target: where the values go", ":dvc-out target: data/values.json"]
    )
    names = ", ".join(map(repr, values))
    return ["# Echo", f'"""Echo.\n\n{lines}\n"""\n{body}', ECHO.format(names=names)]


def written_params(project: Project, values: dict[str, object]) -> None:
    project.write("params.yaml", json.dumps({"echo": values}, ensure_ascii=False))  # JSON is YAML


def result(project: Project) -> dict[str, object]:
    found: dict[str, object] = json.loads(project.read("data/values.json"))
    return found


def test_values_of_params_reach_the_script_through_both_engines(folder: Project) -> None:
    folder.write_notebook("echo", echo_cells(VALUES))
    written_params(folder, VALUES)
    folder.nbsnake("init")
    folder.nbsnake("generate")
    folder.snakemake()
    assert result(folder) == VALUES
    assert "up to date" in folder.dvc("status")
    folder.write("data/values.json", "")
    folder.dvc("repro", "--force")
    assert result(folder) == VALUES
    assert NOTHING in folder.snakemake()


def test_literals_of_any_kind_reach_the_script_through_both_engines(folder: Project) -> None:
    values = {name: value for name, value in VALUES.items() if name != "none"}
    body = "".join(f"{name} = {value!r}\n" for name, value in values.items())
    folder.write_notebook("echo", echo_cells(values, body))
    folder.nbsnake("init")
    folder.nbsnake("generate")
    folder.snakemake()
    assert result(folder) == values
    folder.dvc("repro", "--force")
    assert result(folder) == values


def test_a_value_that_becomes_one_of_several_lines_needs_a_new_generation(folder: Project) -> None:
    folder.write_notebook("echo", echo_cells({"lines": ""}))
    written_params(folder, {"lines": "one"})
    folder.nbsnake("init")
    folder.nbsnake("generate")
    folder.snakemake()
    written_params(folder, {"lines": "one\ntwo"})
    assert "nbsnake generate" in folder.snakemake(code=1)
    folder.nbsnake("run", "-j", "1")
    assert result(folder) == {"lines": "one\ntwo"}


def test_names_of_notebooks_never_become_shell(folder: Project) -> None:
    for number, name in enumerate(HOSTILE):
        cells = echo_cells({"empty": ""}, "empty = 'x'\n")
        cells[1] = cells[1].replace("values.json", f"values{number}.json")
        folder.write_notebook("echo", cells)
        notebook = folder.root / "notebooks" / "echo.ipynb"
        notebook.rename(notebook.with_name(name))
    folder.nbsnake("init")
    folder.nbsnake("generate")
    folder.snakemake()
    for number, _ in enumerate(HOSTILE):
        assert folder.read(f"data/values{number}.json") == '{"empty": "x"}'
    assert "up to date" in folder.dvc("status")
    assert NOTHING in folder.snakemake()
    assert not list(folder.root.rglob("canary*"))


def test_changed_text_and_comments_make_nothing_run_again(done: Project) -> None:
    path = done.root / "notebooks" / "left.ipynb"
    fields = json.loads(path.read_text())
    fields["cells"][0]["source"] = "# Another title\n\nMore text."
    for cell in fields["cells"][1:]:
        cell["source"] = "".join(cell["source"]) + "\n# one more comment\n"
    path.write_text(json.dumps(fields))
    done.nbsnake("check")
    done.nbsnake("run", "-j", "1")
    assert done.computed() == []
    assert "up to date" in done.dvc("status")


def test_check_tells_the_cell_that_differs(project: Project) -> None:
    script = project.root / "workflow" / "scripts" / "left.py"
    script.write_text(script.read_text().replace("value * factor", "value + factor"))
    done = project.nbsnake("check", code=1)
    assert "+++ notebooks/left.ipynb, cell 5" in done.stdout
    assert "cell 5 of notebooks/left.ipynb" in done.stderr
    (found,) = json.loads(project.nbsnake("check", "--json", code=1).stdout)
    assert found == {
        "path": "workflow/scripts/left.py",
        "reason": "changed",
        "notebook": "notebooks/left.ipynb",
        "cells": [5],
    }


def test_exported_script_needs_python_only(done: Project) -> None:
    done.nbsnake("export", "join", "-o", "pipeline.sh")
    expected = done.outputs()
    for path in (".git", ".dvc", "dvc.yaml", "dvc.lock", "workflow/rules", "data/parts"):
        target = done.root / path
        target.rename(target.with_name(f"{target.name}.away"))
    (done.root / "bin").mkdir()
    (done.root / "bin" / "python").symlink_to(sys.executable)
    bare = {"PATH": f"{done.root}/bin:/usr/bin:/bin", "COUNT_FILE": str(done.counts)}
    subprocess.run(["bash", "pipeline.sh"], cwd=done.root, env=bare, check=True)
    assert done.outputs() == expected
    assert done.computed() == ["join", "left", "make", "right"]
