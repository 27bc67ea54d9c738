"""A project as MLV-tools and DVC 0.x left it, and what ``init --from-mlvtools`` makes of it."""

import json
from pathlib import Path

import pytest
from e2e_project import Project
from mlvtools_project import (
    COMMANDS,
    COPY,
    COPY_STAGE,
    GENERATED,
    META,
    SETTINGS,
    STAGES,
    STEPS,
    USE,
    write_old_project,
)

from nbsnake.mlvtools.takeover import carry_out, plan_takeover
from nbsnake.settings.settings import read_yaml

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, tool_env: dict[str, str]) -> Project:
    """Only to be copied."""
    root = tmp_path_factory.mktemp("mlvtools") / "project"
    root.mkdir()
    project = Project(root, tool_env)
    write_old_project(project)
    return project


@pytest.fixture
def old(built: Project, tmp_path: Path) -> Project:
    return built.copy_to(tmp_path / "old")


VERBS = ("kept", "wrote", "renamed", "removed")


def take_over(project: Project, *options: str) -> dict[str, str]:
    """What the command says of each file: the words in front of and behind its path."""
    lines = project.nbsnake("init", "--from-mlvtools", *options).stderr.splitlines()
    reported = {}
    for line in lines:
        verb, _, rest = line.partition(" ")
        path, colon, why = rest.partition(": ")
        if colon and verb in VERBS:
            reported[path.partition(" to ")[0]] = f"{verb}: {why}"
    return reported


def all_files(project: Project) -> dict[str, bytes]:
    return {path: data for path, data in project.files(".").items() if ".git/" not in path}


def test_dvc_cannot_read_the_old_project(old: Project) -> None:
    done = old.run("dvc", "status", code=1)
    assert "extra keys not allowed" in done.stderr


def test_an_old_project_runs_and_dvc_is_content(old: Project) -> None:
    before = all_files(old)
    reported = take_over(old)

    assert {
        path for path, why in reported.items() if why.startswith("kept:") and "left:" in why
    } == GENERATED
    assert {path for path in STAGES if reported[path].startswith("renamed: notebooks/")} == STAGES
    assert reported[COPY].startswith(f"kept: {USE}")
    assert reported[COPY_STAGE].startswith(f"renamed: {USE}")
    assert (
        reported["Size.dvc"] == "renamed: now the stage Size in dvc.yaml; to run it: dvc repro Size"
    )
    assert reported["data/words.csv.dvc"] == (
        "wrote: data; without md5, metric, which DVC 3 does not read as DVC 0.x did"
    )
    assert reported["nbsnake.yaml"] == "wrote: ignore_keys, docstring_conf, from .mlvtools"
    assert "path means nothing here" in reported[".mlvtools"]
    for path, data in before.items():
        here = f"{path}.old" if path in {*STAGES, COPY_STAGE, "Size.dvc"} else path
        if here not in ("data/words.csv.dvc", ".gitignore", ".dvcignore"):
            assert (old.root / here).read_bytes() == data

    old.nbsnake("generate")
    old.run("snakemake", "--cores", "1")
    assert old.read("data/report.txt") == "All of it: 2 words\n"
    old.dvc("repro", "Size")
    assert json.loads(old.read("size.json")) == {"n": 1}
    old.assert_dvc_clean()
    assert "Running" not in old.dvc("repro", "--dry")
    assert "Nothing to be done" in old.snakemake()


def test_a_second_run_does_nothing_new(old: Project) -> None:
    first = take_over(old)
    before = all_files(old)
    second = take_over(old)
    assert all_files(old) == before
    assert {why.partition(":")[0] for why in second.values()} == {"kept"}
    aside = {f"{path}.old" for path in (*STAGES, COPY_STAGE, "Size.dvc")}
    assert second.keys() == ({*first} - {*STAGES, COPY_STAGE, "Size.dvc"} - WRITTEN) | aside


WRITTEN = {"nbsnake.yaml", "dvc.yaml"}


def test_force_removes_what_the_notebooks_say_and_nothing_else(old: Project) -> None:
    steps = old.root / STEPS
    script = steps / "mlvtools_02_count.py"
    script.write_text(script.read_text().replace("+ 1", "+ 2"))
    before = all_files(old)
    reported = take_over(old, "--force")
    removed = {path for path, why in reported.items() if why.startswith("removed:")}
    assert removed == (GENERATED | STAGES) - {f"{STEPS}/{script.name}"}
    assert reported[f"{STEPS}/{script.name}"].startswith(
        "kept: notebooks/02_Count.ipynb gives another"
    )
    assert not any((old.root / path).exists() for path in removed)
    kept = {*before} - removed - {COPY_STAGE, "Size.dvc"}
    assert all((old.root / path).exists() for path in kept)
    assert (old.root / f"{COPY_STAGE}.old").exists()


def test_force_after_a_first_run_removes_what_that_left(old: Project) -> None:
    take_over(old)
    reported = take_over(old, "--force")
    removed = {path for path, why in reported.items() if why.startswith("removed:")}
    assert removed == GENERATED | {f"{path}.old" for path in STAGES}


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        (".mlvtools", '{"path": {\n', "nbsnake: .mlvtools, line 2: is not valid JSON"),
        ("a/b.dvc", "cmd: x\nouts: [\n", "nbsnake: a/b.dvc, line 3: is not valid YAML"),
        ("c.dvc", "outs: 3\n", "nbsnake: c.dvc: 'outs' is not a list of files"),
        ("Size.dvc.old", "", "nbsnake: Size.dvc.old: is in the way"),
    ],
)
def test_what_cannot_be_read_changes_nothing(
    old: Project, path: str, text: str, message: str
) -> None:
    old.write(path, text)
    before = all_files(old)
    done = old.nbsnake("init", "--from-mlvtools", "--force", code=1)
    assert done.stderr.startswith(message)
    assert all_files(old) == before


def test_without_a_trace_of_mlvtools(folder: Project) -> None:
    folder.write("mine.dvc", "cmd: make\n")
    done = folder.nbsnake("init", "--from-mlvtools", code=2)
    assert "hint: set up a project with: nbsnake init" in done.stderr
    assert [*all_files(folder)] == ["mine.dvc"]


def test_settings_of_nbsnake_hold_and_stay(old: Project) -> None:
    mine = 'ignore_keys: ["mine"]  # my own\nnotebooks:\n    - "notebooks/*"\n'
    old.write("nbsnake.yaml", mine)
    reported = take_over(old)
    assert reported["nbsnake.yaml"] == "wrote: docstring_conf, from .mlvtools"
    assert old.read("nbsnake.yaml") == mine + "docstring_conf: ./conf.yml\n"


def test_results_of_old_runs_are_computed_again(old: Project) -> None:
    take_over(old)
    for path in ("first.csv", "second.csv", "report.txt", "counts_first.json"):
        old.write(f"data/{path}", "{}\n")
    old.nbsnake("generate")
    old.run("snakemake", "--cores", "1")
    assert old.read("data/report.txt") == "All of it: 2 words\n"


def plan_here(
    old: Project, monkeypatch: pytest.MonkeyPatch, *, force: bool = True
) -> dict[str, tuple[str, str]]:
    """What would become of each file, without a program being started."""
    monkeypatch.chdir(old.root)
    return {each.path: (each.what, each.why) for each in plan_takeover(force=force)}


EXTRA_LINE = ("\npopd", "\necho done > done.txt\npopd")
EDITS = {
    "an option": (f"{COMMANDS}/mlvtools_02_count_dvc", "--min-length 2", "--min-length 3"),
    "an output": (f"{COMMANDS}/mlvtools_02_count_dvc", "counts_first.json", "other.json"),
    "a variable": (f"{COMMANDS}/mlvtools_03_report_dvc", '"data/report.txt"', '"data/r.txt"'),
    "a line": (f"{COMMANDS}/mlvtools_03_report_dvc", *EXTRA_LINE),
    "one half": (f"{COMMANDS}/mlvtools_01_split_words_dvc", "--half second", "--half third"),
    "code": (f"{STEPS}/mlvtools_01_split_words.py", "// 2", "// 3"),
    "a helper": (f"{STEPS}/mlvtools_02_count.py", "import argparse", "import argparse, os"),
    "an argument": (
        f"{STEPS}/mlvtools_02_count.py",
        "'--result', type=str, required=True",
        "'--result', type=str, default='x'",
    ),
    "a comment": (
        f"{STEPS}/mlvtools_02_count.py",
        "# # A title",
        "# # A title\n    # my own words",
    ),
    "metadata": (f"{STEPS}/mlvtools_02_count.py", "--min-length 2", "--min-length 4"),
    "not Python": (f"{STEPS}/mlvtools_02_count.py", "import json", "import json json"),
}


@pytest.mark.parametrize(("path", "text", "other"), EDITS.values(), ids=EDITS)
def test_a_persons_edit_is_never_removed(
    old: Project, path: str, text: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert text in old.read(path)
    old.write(path, old.read(path).replace(text, other, 1))
    what, why = plan_here(old, monkeypatch)[path]
    assert what == "keep"
    assert "written by hand" in why or "gives another" in why


@pytest.mark.parametrize("change", ["delete", "break"])
def test_what_cannot_be_compared_stays(
    old: Project, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = old.root / "notebooks/02_Count.ipynb"
    if change == "delete":
        notebook.unlink()
    else:
        old.write("notebooks/02_Count.ipynb", "{}")
    plan = plan_here(old, monkeypatch)
    assert plan[f"{STEPS}/mlvtools_02_count.py"][0] == "keep"
    assert plan[f"{COMMANDS}/mlvtools_02_count_dvc"][0] == "keep"
    assert plan[f"{META}/mlvtools_02_count.dvc"][0] == "rename"


def test_old_files_are_known_without_settings(
    old: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {key: value for key, value in SETTINGS.items() if key != "path"}
    old.write(".mlvtools", json.dumps(settings))
    plan = plan_here(old, monkeypatch)
    assert {path for path, (what, _) in plan.items() if what == "remove"} == GENERATED | STAGES


def test_files_of_other_names_are_known_in_the_folders_of_the_settings(
    old: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, new in (
        (f"{STEPS}/mlvtools_02_count.py", f"{STEPS}/count.py"),
        (f"{COMMANDS}/mlvtools_02_count_dvc", f"{COMMANDS}/count"),
    ):
        (old.root / path).rename(old.root / new)
    old.replace(f"{COMMANDS}/count", 'PATH="pipeline/steps/mlvtools_02_', 'PATH="pipeline/steps/')
    old.replace(f"{COMMANDS}/count", "    pipeline/steps/mlvtools_02_", "    pipeline/steps/")
    plan = plan_here(old, monkeypatch)
    assert plan[f"{STEPS}/count.py"][0] == "remove"
    assert plan[f"{COMMANDS}/count"][0] == "remove"


STAGE = "cmd: make\nwdir: ..\ndeps:\n- path: a\n  md5: abc\nouts:\n- path: b\n"
OWN = {
    "plain": (STAGE, {"cmd": "make", "deps": ["a"], "outs": ["b"]}),
    "flags": (
        STAGE + "  cache: false\n  persist: true\n  metric: null\n- path: m\n  metric: true\n"
        "  cache: true\nlocked: true\n",
        {
            "cmd": "make",
            "deps": ["a"],
            "outs": [{"b": {"cache": False, "persist": True}}],
            "metrics": ["m"],
            "frozen": True,
        },
    ),
    "a folder": (
        STAGE.replace("wdir: ..", "wdir: ../c"),
        {"cmd": "make", "wdir": "c", "deps": ["a"], "outs": ["b"]},
    ),
    "a metric's form": (STAGE + "  metric: {type: json, xpath: x}\n", "how to read a metric"),
    "tags": (STAGE + "  tags: {t: {md5: abc}}\n", "'tags' in it has no equal"),
    "a parameter": (STAGE.replace("md5: abc", "params: {x: 1}"), "'params' in it has no equal"),
    "a bucket": (STAGE.replace("path: a", "path: s3://a/b"), "not in a folder"),
}


@pytest.mark.parametrize(("text", "expected"), OWN.values(), ids=OWN)
def test_a_stage_of_the_users_own(
    old: Project, text: str, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old.root / "Size.dvc").unlink()
    old.write("s/own.dvc", text)
    monkeypatch.chdir(old.root)
    actions = [each for each in plan_takeover(force=True) if each.path in ("s/own.dvc", "dvc.yaml")]
    carry_out(actions)
    assert old.read("s/own.dvc.old") == text
    if isinstance(expected, str):
        assert expected in actions[0].why
        assert not (old.root / "dvc.yaml").exists()
    else:
        assert read_yaml("dvc.yaml") == {"stages": {"s_own": expected}}


DATA = "outs:\n- md5: 60b725f10c9c85c70d97880dfe8191b3\n  path: a  # mine\n"
SOURCES = {
    "of DVC 3": (f"{DATA}  hash: md5\n", None, "data"),
    "of DVC 1": (DATA, None, "data"),
    "of DVC 0": (
        f"md5: ab12\nwdir: .\n{DATA}  metric: false\n",
        f"wdir: .\n{DATA}",
        "data; without",
    ),
    "an import": (f"md5: ab12\ndeps:\n- path: b\n{DATA}", None, "an import; if 'dvc status'"),
    "a metric": (f"{DATA}  metric: true\n", None, "until you remove its metric"),
}


@pytest.mark.parametrize(("text", "after", "why"), SOURCES.values(), ids=SOURCES)
def test_data_stays(
    old: Project, text: str, after: str | None, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old.write("a.dvc", text)
    monkeypatch.chdir(old.root)
    actions = [each for each in plan_takeover(force=True) if each.path == "a.dvc"]
    carry_out(actions)
    assert old.read("a.dvc") == (after or text)
    assert why in actions[0].why
