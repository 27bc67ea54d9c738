"""One pipeline for several clients, of which each has a file of its own."""

import json
from pathlib import Path

import pytest
from diamond import NOTHING
from e2e_project import Project
from notebooks_that_count import assert_both_rest, start, write_step

pytestmark = [pytest.mark.e2e, pytest.mark.lock]

LOAD = """\
:param source: the raw numbers
:param numbers: the numbers
:dvc-in source: data/raw.txt
:dvc-out numbers: data/numbers.json
"""
PICK = """\
:param numbers: all of them
:param extra: the client's own
:param int least: the least that counts
:param picked: what counts
:dvc-in numbers: data/numbers.json
:dvc-in extra: data/extra.txt
:dvc-out picked: data/{client}/picked.json
"""
FIT = """\
:param picked: what counts
:param float scale: of the model
:param model: the model
:dvc-in picked: data/{client}/picked.json
:dvc-out model: models/{client}.json
"""
REPORT = """\
:param model: the model
:param report: what to print
:param str unit: of the total
:dvc-in model: models/{client}.json
:dvc-metric report: reports/{client}.json
"""


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, tool_env: dict[str, str]) -> Project:
    """Four notebooks, of which the first is for all of three clients. Only to be copied."""
    root = tmp_path_factory.mktemp("clients") / "project"
    root.mkdir()
    project = Project(root, tool_env)
    write_step(
        project,
        "load",
        LOAD,
        'source = "../data/raw.txt"\nnumbers = "../data/numbers.json"\n---\ncount("load")\n'
        'json.dump([int(word) for word in open(source).read().split()], open(numbers, "w"))\n',
    )
    write_step(
        project,
        "pick",
        PICK,
        'numbers = "../data/numbers.json"\nextra = "../data/extra.txt"\nleast = 2\n'
        'picked = "../data/picked.json"\n---\ncount(f"pick:{os.path.dirname(picked)}")\n'
        "found = [*json.load(open(numbers)), *map(int, open(extra).read().split())]\n"
        'json.dump([each for each in found if each >= least], open(picked, "w"))\n',
    )
    write_step(
        project,
        "fit",
        FIT,
        'picked = "../data/picked.json"\nscale = 1.5\nmodel = "../models/m.json"\n---\n'
        'count(f"fit:{model}")\n'
        'json.dump(sum(json.load(open(picked))) * scale, open(model, "w"))\n',
    )
    write_step(
        project,
        "report",
        REPORT,
        'model = "../models/m.json"\nreport = "../reports/r.json"\nunit = "kg"\n---\n'
        'count(f"report:{report}")\n'
        'json.dump({"total": json.load(open(model))}, open(report, "w"))\n',
    )
    project.write("data/raw.txt", "1 2 3\n")
    project.write("data/extra.txt", "\n")
    project.write("data/acme's own.txt", "100\n")
    project.write("clients/acme.yaml", "pick:\n  extra: data/acme's own.txt\nfit:\n  scale: 2.0\n")
    project.write("clients/globex.yaml", "# as all\n")
    project.write("clients/initech.yaml", "pick: {least: 3}\n")
    start(project)
    project.run("dvc", "remote", "add", "-q", "-d", "store", str(root.parent / "store"))
    return project


@pytest.fixture
def served(clients: Project, tmp_path: Path) -> Project:
    return clients.copy_to(tmp_path / "served")


def of(client: str) -> list[str]:
    return [
        *(f"fit:models/{client}.json", f"pick:data/{client}", f"report:reports/{client}.json"),
    ]


def totals(project: Project) -> dict[str, float]:
    files = sorted((project.root / "reports").glob("*.json"))
    return {file.stem: json.loads(file.read_text())["total"] for file in files}


def test_clients_share_the_step_that_knows_none_of_them(served: Project, tmp_path: Path) -> None:
    theirs = served.copy_to(tmp_path / "theirs")
    served.snakemake()
    theirs.dvc("repro", "--quiet")
    everything = sorted([*of("acme"), *of("globex"), *of("initech"), "load"])
    assert served.computed() == theirs.computed() == everything
    assert served.lock() == theirs.lock()
    assert served.files(".dvc/cache/runs") == theirs.files(".dvc/cache/runs")
    assert totals(served) == {"acme": 210.0, "globex": 7.5, "initech": 4.5}
    assert_both_rest(served)
    assert_both_rest(theirs)


def test_one_client_alone_then_another_and_one_less(
    served: Project, tmp_path: Path, tool_env: dict[str, str]
) -> None:
    served.nbsnake("run", "--client", "acme")
    assert served.computed() == sorted([*of("acme"), "load"])
    served.nbsnake("run")
    assert served.computed() == sorted([*of("globex"), *of("initech")])

    # Also where it overrides what no other client does.
    served.write("clients/umbrella.yaml", "fit: {scale: 10}\nreport: {unit: lb}\n")
    output = served.snakemake("-n")
    assert "nbsnake: older than the notebooks, the settings or the parameters: dvc.yaml" in output
    served.nbsnake("run")
    assert served.computed() == of("umbrella")
    assert_both_rest(served)

    (served.root / "clients/globex.yaml").unlink()
    served.nbsnake("run")
    assert served.computed() == []
    assert set(totals(served)) >= {"acme", "initech", "umbrella"}
    assert "pick@globex" not in served.status()
    assert_both_rest(served)

    served.replace("clients/acme.yaml", "2.0", "3.0")
    stale = {name for name, each in served.status().items() if each["state"] != "fresh"}
    assert stale == {"fit@acme", "report@acme"}
    served.snakemake()  # plain, for nothing was to be generated
    assert served.computed() == of("acme")[::2]
    assert totals(served)["acme"] == 315.0

    served.replace("params.yaml", "scale: 1.5", "scale: 1.0")
    served.snakemake()
    assert served.computed() == of("initech")[::2]
    assert_both_rest(served)

    served.git("add", ".")
    served.git("commit", "--quiet", "--message", "served")
    served.dvc("push", "--quiet")
    served.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone", tool_env)
    clone.dvc("pull", "--quiet")
    assert NOTHING in clone.snakemake()


def test_a_clients_file_is_checked_before_anything_runs(served: Project) -> None:
    served.write("clients/acme.yaml", "fit:\n  scale: fast\n")
    output = served.snakemake("-n", code=1)
    assert (
        "clients/acme.yaml, line 2: the value 'fast' of fit.scale is not of the type float"
        in output
    )
    served.write("clients/acme.yaml", "fit:\n  scael: 2.0\n")
    output = served.nbsnake("run", code=1).stderr
    assert (
        "clients/acme.yaml, line 2: fit.scael is not a parameter of notebooks/fit.ipynb" in output
    )
    assert "did you mean 'scale'?" in output
    assert served.computed() == []
