"""What people see every day: reasons, progress, and what comes back in a clone."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = pytest.mark.e2e


def test_reason_is_the_cell_of_the_notebook(done: Project) -> None:
    done.replace("notebooks/left.ipynb", "value * factor", "value * factor + 1")
    done.nbsnake("generate")
    assert done.status()["left"]["reasons"] == ["cell 5 of left.ipynb changed"]
    assert "left is stale: cell 5 of left.ipynb changed" in done.snakemake("left")


def test_reasons_are_those_of_the_steps_that_are_asked_for(done: Project) -> None:
    done.replace("params.yaml", "factor: 3", "factor: 4")
    said = done.nbsnake("run", "right").stderr
    assert "is stale" not in said
    assert "nothing to be done: the steps that were asked for are fresh" in said
    assert "left is stale: left.factor was 3, now 4" in done.nbsnake("run", "left").stderr


def test_literal_that_params_yaml_overrules_makes_nothing_run(done: Project) -> None:
    done.replace("notebooks/left.ipynb", "factor = 3", "factor = 8")
    said = done.nbsnake("run").stderr
    assert "params.yaml says 3, which counts" in said
    assert done.computed() == []
    assert done.status()["left"]["state"] == "fresh"
    done.assert_dvc_clean()


def test_snakemake_in_another_folder_names_the_root(done: Project) -> None:
    said = done.snakemake("--directory", "notebooks", code=2)
    assert "notebooks, which is not the root of a DVC project" in said
    assert not (done.root / "notebooks/.nbsnake").exists()


def test_restore_brings_sources_and_results_to_a_clone(done: Project, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    done.dvc("remote", "add", "--default", "--quiet", "store", store)
    done.git("rm", "-q", "--cached", "data/raw.txt")
    done.dvc("add", "--quiet", "data/raw.txt")
    done.snakemake()
    done.git("add", ".")
    done.git("commit", "--quiet", "--message", "raw by DVC")
    clone = Project(tmp_path / "clone", done.env)
    done.git("clone", "--quiet", ".", str(clone.root))
    assert "neither in the cache nor on" in clone.nbsnake("restore", "--pull", code=1).stderr
    done.nbsnake("push")
    clone.nbsnake("restore", "--pull")
    assert clone.outputs() == done.outputs()
    assert clone.read("data/raw.txt") == done.read("data/raw.txt")
    done.computed()
    assert NOTHING in clone.snakemake()
    assert clone.computed() == []
    clone.assert_dvc_clean()


def test_dry_run_names_steps_reasons_and_changes_nothing(done: Project) -> None:
    done.replace("params.yaml", "factor: 3", "factor: 4")
    lines = done.nbsnake("run", "--dry-run").stdout.splitlines()
    assert lines[0].split() == ["left", "stale", "left.factor", "was", "3,", "now", "4"]
    assert lines[1].split() == ["join", "waiting", "waits", "for", "left"]
    assert lines[2].startswith("2 would run, ")
    assert done.nbsnake("run", "-n", "right").stdout == "nothing to be done\n"
    assert done.computed() == []


def test_steps_run_by_force_or_alone(done: Project) -> None:
    assert "1 done" in done.nbsnake("run", "--force", "right", "right").stderr
    assert done.computed() == ["right"]
    done.replace("params.yaml", "factor: 3", "factor: 4")
    done.nbsnake("run", "--alone", "left")
    assert done.computed() == ["left"]
    assert done.status()["join"]["state"] == "stale"
    quiet = done.nbsnake("run", "--quiet", "-k").stderr
    assert done.computed() == ["join"]
    assert "done     join" not in quiet
    assert "1 done in" in quiet
    done.assert_dvc_clean()


def test_last_line_of_a_run_says_what_was_restored_and_saved(done: Project) -> None:
    for factor, other in ((3, 4), (4, 3)):
        done.replace("params.yaml", f"factor: {factor}", f"factor: {other}")
        last = done.nbsnake("run").stderr.splitlines()[-1]
    assert last.startswith("2 restored in ")
    assert last.endswith(" saved")


def test_diff_names_cells_values_metrics_and_outputs(done: Project) -> None:
    done.replace("params.yaml", "factor: 3", "factor: 4")
    done.replace("notebooks/left.ipynb", "value * factor", "value * factor + 1")
    done.nbsnake("run")
    lines = done.nbsnake("diff", "HEAD").stdout.splitlines()
    assert lines[:2] == ["notebooks/left.ipynb: cell 5", "parameter left.factor: 3 -> 4"]
    assert lines[2].startswith("metric join sum: ")
    assert "output results of all/left.txt: changed" in lines
    text = done.nbsnake("diff", "--markdown", "HEAD").stdout
    assert text.startswith("### nbsnake: HEAD to here\n")
    assert "4 fresh; nothing is to run" in text
    assert "nothing differs" in done.nbsnake("diff", "HEAD", "HEAD").stdout
    for rev in ("gone", "HEAD:params.yaml", "HEAD^{tree}"):
        assert f"no such revision: {rev}" in done.nbsnake("diff", rev, code=2).stderr


def test_report_of_a_revision_shows_its_state_and_what_is_not_known(done: Project) -> None:
    done.git("tag", "first")
    before = done.read("metrics.json")
    done.replace("params.yaml", "factor: 3", "factor: 4")
    done.git("commit", "--quiet", "--all", "--message", "edited")
    done.git("tag", "edited")
    done.nbsnake("run")
    done.git("commit", "--quiet", "--all", "--message", "run")

    def shown(rev: str) -> dict[str, Any]:
        return json.loads(done.nbsnake("report", "--rev", rev, "--json").stdout)

    first, edited = shown("first"), shown("edited")
    assert first["totals"] == "4 steps: 4 fresh"
    assert first["metrics"][0]["metrics"] == json.loads(before)
    assert {row["rev"] for row in first["metrics"]}.isdisjoint({"workspace"})
    steps = {step["name"]: step for step in edited["steps"]}
    assert steps["left"]["reasons"] == ["left.factor was 3, now 4"]
    assert (steps["join"]["state"], steps["join"]["waits"]) == ("waiting", ["left"])
    assert shown("HEAD")["totals"] == "4 steps: 4 fresh"

    done.nbsnake("report", "--rev", "first", "-o", "first.html")
    page = done.read("first.html")
    assert "notebook of the last run of left" in page
    assert "at commit" in page
    for path in (done.root / ".nbsnake/executed/runs").iterdir():
        path.unlink()
    done.nbsnake("report", "--rev", "first", "-o", "first.html")
    page = done.read("first.html")
    assert "notebook of left, as git has it" in page
    assert "the notebook shown is the one in git" in page
    said = done.nbsnake("report", "--rev", "gone", code=2).stderr
    assert "no such revision: gone" in said
    assert "no such revision: ''" in done.nbsnake("report", "--rev", "", code=2).stderr
    assert done.status()["join"]["state"] == "fresh"


CURVE = [
    "# A curve",
    '''\
"""Draw the numbers.

:param joined: the numbers
:param curve: points
:dvc-in joined: joined.txt
:dvc-plot curve: curve.csv
:dvc-notebook: reports/curve.html
"""
joined = "../joined.txt"
curve = "../curve.csv"
''',
    """\
with open(curve, "w") as file:
    file.write("x,y\\n1,2\\n")
print("drawn")
""",
]


def test_report_of_snakemake_shows_metrics_plots_and_executed_notebooks(done: Project) -> None:
    done.write_notebook("curve", CURVE)
    done.nbsnake("generate")
    done.snakemake()
    done.snakemake("--report", "snakemake.html")
    page = done.read("snakemake.html")
    shown = {"metrics.json": "metrics", "curve.csv": "plots", "reports/curve.html": "notebooks"}
    for path, category in shown.items():
        assert f'"{path}"' in page
        assert f'"{category}"' in page
        content = done.root.joinpath(path).read_bytes()
        assert base64.b64encode(content).decode() in page
    assert "drawn" in done.read("reports/curve.html")
    assert NOTHING in done.snakemake()
