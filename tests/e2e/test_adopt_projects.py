"""From clone to a finished run: projects as they are found, with the commands that they take."""

import hashlib
import json
import shlex
from collections.abc import Callable
from pathlib import Path

import adopt_projects as shapes
import pytest
import yaml
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.lock]

# The results of each shape, by path, and the commands from clone to a finished run, that included.
CASES: dict[str, tuple[Callable[[Path], None], dict[str, str], int]] = {
    "numbered": (
        shapes.numbered,
        {"data/clean/rows.txt": "2\n", "figures/sum.txt": "6\n"},
        5,
    ),
    "server": (shapes.on_a_server, {"data/n.txt": "6", "report.txt": "6"}, 4),
    "snakefile": (
        shapes.with_a_snakefile,
        {"results/a.txt": "a\na" * 3, "results/all.txt": "a\na" * 3 + "b\nb" * 3},
        4,
    ),
    "papermill": (
        shapes.with_papermill,
        {"out/prepared.txt": "5\n" * 5, "out/report.txt": "5\n" * 5, "out/copy.txt": "5\n"},
        4,
    ),
    "ploomber": (shapes.with_ploomber, {"out/model.txt": "7\n" * 5}, 4),
    "chains": (shapes.with_chains, {"data/interim/a.json": "[1, 2]", "data/total.json": "6"}, 4),
    "large": (shapes.with_large_data, {"out/each/2.txt": "600000 2\n"}, 5),
}


@pytest.mark.parametrize("name", CASES)
def test_a_project_runs_after_the_commands_that_adopt_names(
    name: str, tmp_path: Path, tool_env: dict[str, str]
) -> None:
    make, results, count = CASES[name]
    root = tmp_path / "project"
    root.mkdir()
    make(root)
    project = Project(root, tool_env)
    project.git("init", "--quiet")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "as found")
    before = project.files(".")
    shown = project.nbsnake("adopt").stderr
    assert {path: data for path, data in project.files(".").items() if path in before} == before

    commands = [
        line.strip().partition("  # ")[0] for line in shown.partition("; next:\n")[2].splitlines()
    ]
    for command in commands:
        project.run(*shlex.split(command))
    assert len(commands) + 1 == count  # and the clone
    for path, text in results.items():
        assert project.read(path) == text
    project.assert_dvc_clean()
    for path in before:
        if path.endswith(".ipynb"):
            _assert_outputs_kept(before[path], (root / path).read_bytes())


def _assert_outputs_kept(before: bytes, after: bytes) -> None:
    """Cells that were there keep their ids and outputs."""
    cells = {cell["id"]: cell for cell in json.loads(after)["cells"]}
    for cell in json.loads(before)["cells"]:
        assert cells[cell["id"]]["outputs"] == cell["outputs"]
        assert cells[cell["id"]]["metadata"] == cell["metadata"]


def test_variants_give_the_results_that_the_notebooks_wrote(folder: Project) -> None:
    code = "total = sum(map(int, open('../raw.txt')))\nopen('../out/{}', 'w').write(str({}))"
    separate = {
        "rate_a": ("rate = 0.1", code.format("r_0.1.txt", "total * rate")),
        "rate_b": ("rate = 0.5", code.format("r_0.5.txt", "total * rate")),
        "mode_a": ("n = 2\nmode = 'x'", code.format("first.txt", "mode * n * total")),
        "mode_b": ("n = 3\nmode = 'y'", code.format("second.txt", "mode * n * total")),
        "mode_c": ("n = 3\nmode = 'x'", code.format("third.txt", "mode * n * total")),
    }
    folder.write("raw.txt", "1\n2\n")
    folder.write("out/.gitignore", "")
    for name, cells in separate.items():
        shapes.notebook(folder.root, f"notebooks/{name}.ipynb", *cells)
        folder.run("python", "-c", "\n".join(["import os", "os.chdir('notebooks')", *cells]))
    wrote = {f"out/{path.name}": path.read_bytes() for path in folder.root.glob("out/*.txt")}
    for path in wrote:
        (folder.root / path).unlink()
    folder.nbsnake("init")
    folder.nbsnake("adopt", "--variants", "--write")
    folder.nbsnake("run")
    folder.assert_dvc_clean()
    stages = yaml.safe_load(folder.read("dvc.lock"))["stages"].values()
    locked = {out["path"]: out["md5"] for stage in stages for out in stage["outs"]}
    expected = {path: hashlib.md5(data).hexdigest() for path, data in wrote.items()}
    assert locked == expected
    assert len(expected) == 5
    assert set(yaml.safe_load(folder.read("dvc.yaml"))["stages"]) == {
        *("rate", "mode_c", "mode_a", "mode_b"),
    }
