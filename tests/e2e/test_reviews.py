"""The example of the reviews: variants, uses, clients, and all that its README says about them."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from diamond import NOTHING
from e2e_project import EXAMPLES, Project, run_example

pytestmark = [pytest.mark.e2e, pytest.mark.lock]
EXAMPLE = EXAMPLES / "reviews"
README = (EXAMPLE / "README.md").read_text(encoding="utf-8")
BEST_TRUST = "nbsnake compare 'evaluate@*-test-*' --metric accuracy --markdown"
BEFORE_AND_AFTER = (
    "nbsnake compare 'evaluate@initech-test-*' --metric accuracy --rev initech --markdown"
)
NEW_CLIENT = 'echo "# Initech sends data/raw/initech.csv, with up to five points." > {}'
ORDER = ("extract", "tokenize", "lexicon", "classify", "evaluate", "tune")
WRITTEN_BY_NOTEBOOKS = (
    "data/acme/train.csv",
    "data/acme/test.csv",
    "data/acme/train.json",
    "models/lexicon.json",
    "models/acme/0.1.json",
    "results/acme/0.1/test.json",
    "results/acme/best.json",
    "results/acme/curves.png",
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tool_env: dict[str, str]) -> Project:
    """The example, run once. Only to be copied or read."""
    root = tmp_path_factory.mktemp("reviews") / "project"
    return run_example("reviews", root, {**tool_env, "MPLBACKEND": "agg"})


@pytest.fixture
def example(finished: Project, tmp_path: Path) -> Project:
    return finished.copy_to(tmp_path / "reviews")


def receipts(project: Project) -> dict[str, dict[str, Any]]:
    """What each step left behind when it last ran."""
    found = project.files(".nbsnake/receipts")
    return {Path(path).stem: json.loads(data) for path, data in found.items()}


def computed(project: Project, before: dict[str, dict[str, Any]]) -> set[str]:
    """The steps that have been computed since ``before``; no results were found for them."""
    return {
        step
        for step, receipt in receipts(project).items()
        if receipt != before.get(step) and not receipt["restored"]
    }


def command_in_readme(command: str) -> str:
    assert command in README
    return command


def test_script_writes_the_committed_data(finished: Project, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / "make_reviews.py", tmp_path)
    finished.run("python", str(tmp_path / "make_reviews.py"))
    raw = finished.files("data/raw")
    assert len(raw) == 4
    for path, data in raw.items():
        assert (tmp_path / path).read_bytes() == data


def test_both_tools_agree_that_all_is_done(finished: Project) -> None:
    assert len(receipts(finished)) == 34
    finished.nbsnake("check")
    finished.assert_dvc_clean()
    assert "Running stage" not in finished.dvc("repro", "--dry")
    assert NOTHING in finished.snakemake()


def test_params_file_gets_what_the_notebooks_hold(finished: Project) -> None:
    committed = (EXAMPLE / "params.yaml").read_text(encoding="utf-8")
    params = finished.read("params.yaml")
    assert params.startswith(committed)
    assert "tokenize:\n  shortest: 3\n  join_not: false\n" in params
    assert "trust" not in params.removeprefix(committed)


def test_comparison_shows_the_metrics_of_dvc(finished: Project) -> None:
    files = json.loads(finished.run("dvc", "metrics", "show", "--json").stdout)[""]["data"]
    by_dvc = {path: file["data"] for path, file in files.items()}
    by_nbsnake = {}
    for row in json.loads(finished.nbsnake("compare", "--json").stdout):
        if row["step"].startswith("tune"):
            path = "results/{client}/best.json"
        else:
            path = "results/{client}/{trust}/{part}.json"
        by_nbsnake[path.format(**row["params"])] = row["metrics"]
    assert len(by_nbsnake) == 18
    assert by_nbsnake == by_dvc


def test_readme_shows_what_is_compared(finished: Project) -> None:
    table = finished.run(*shlex.split(command_in_readme(BEST_TRUST))).stdout
    assert len(table.splitlines()) == 10
    assert f"\n\n{table}\n" in README


def test_third_client_is_one_file_and_a_change_is_compared(example: Project) -> None:
    example.run("bash", "-c", command_in_readme(NEW_CLIENT.format("clients/initech.yaml")))
    before = receipts(example)
    example.nbsnake("run", "-j", "2")
    new = computed(example, before)
    assert len(new) == 16
    assert {step.partition("@")[2].partition("-")[0] for step in new} == {"initech"}
    assert {
        step: receipt for step, receipt in receipts(example).items() if step in before
    } == before
    example.assert_dvc_clean()
    example.git("add", ".")
    example.git("commit", "--quiet", "--message", "Initech")
    example.git("tag", "initech")

    example.replace("params.yaml", "join_not: false", "join_not: true")
    before = receipts(example)
    example.nbsnake("run", "-j", "2")
    new = computed(example, before)
    tokenized = {step for step in new if step.startswith("tokenize")}
    assert len(tokenized) == 7
    assert len(new - tokenized) == 13
    assert {step.partition("@")[2].partition("-")[0] for step in new - tokenized} == {"initech"}
    example.assert_dvc_clean()
    table = example.run(*shlex.split(command_in_readme(BEFORE_AND_AFTER))).stdout
    assert f"\n\n{table}\n" in README


def test_run_of_one_client_leaves_the_others(example: Project) -> None:
    example.replace("params.yaml", "smoothing: 1.0", "smoothing: 0.5")
    for client, arguments in (("acme", ["--client", "acme"]), ("globex", [])):
        before = receipts(example)
        example.nbsnake("run", "-j", "2", *arguments)
        new = computed(example, before)
        assert f"classify@{client}-0.1" in new
        assert all(f"@{client}" in step for step in new)
    example.assert_dvc_clean()


def test_notebooks_in_jupyter_write_the_same_bytes(example: Project) -> None:
    expected = {path: (example.root / path).read_bytes() for path in WRITTEN_BY_NOTEBOOKS}
    for path in WRITTEN_BY_NOTEBOOKS:
        (example.root / path).unlink()
    example.run("jupyter", "execute", *(f"notebooks/{name}.ipynb" for name in ORDER))
    for path, data in expected.items():
        assert (example.root / path).read_bytes() == data, path
