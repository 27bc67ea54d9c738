"""Situations from public bug reports: what DVC makes of them, plain Snakemake makes too."""

from pathlib import Path

import pytest
from diamond import NOTHING
from e2e_project import Project

pytestmark = [pytest.mark.e2e, pytest.mark.lock]


def start(folder: Project, stages: str, *, scm: bool = True) -> None:
    """A project with these hand-written stages."""
    folder.git("init", "--quiet")
    folder.dvc("init", "--quiet", *([] if scm else ["--no-scm"]))
    folder.nbsnake("init")
    folder.write("foo", "foo\n")
    folder.write("dvc.yaml", f"stages:\n{stages}")


def stage(name: str, cmd: str, outs: str, more: str = "") -> str:
    return f"  {name}:\n    cmd: {cmd}\n    deps: [foo]\n    outs: [{outs}]\n{more}"


def assert_like_dvc(folder: Project, theirs: Project, *targets: str) -> None:
    theirs.dvc("repro", "--quiet", *targets)
    assert folder.lock() == theirs.lock()
    assert folder.files(".dvc/cache/files") == theirs.files(".dvc/cache/files")
    assert folder.gitignores() == theirs.gitignores()
    folder.assert_dvc_clean()


@pytest.mark.parametrize("before", ["one", "one, two"])
def test_an_output_that_is_added_and_lies_there_is_made_and_locked(
    folder: Project, tmp_path: Path, before: str
) -> None:
    cmd = "cp foo bar && cp foo one && cp foo two"
    start(folder, stage("copy", cmd, before))
    folder.snakemake()
    folder.write("dvc.yaml", f"stages:\n{stage('copy', cmd, f'{before}, bar')}")
    theirs = folder.copy_to(tmp_path / "theirs")
    assert "bar is a new output" in folder.snakemake()
    assert_like_dvc(folder, theirs)
    assert NOTHING in folder.snakemake()


PARAMS = "    params: [rate, width, more.yaml: [depth]]\n"


@pytest.mark.parametrize(
    "removed",
    [", other.txt", ", width", ", more.yaml: [depth]", PARAMS, ", bar"],
    ids=["dependency", "parameter", "parameter file", "all parameters", "output"],
)
@pytest.mark.parametrize("engine", ["nbsnake", "dvc"])
def test_what_a_stage_no_longer_declares_is_no_change_for_both(
    folder: Project, tmp_path: Path, removed: str, engine: str
) -> None:
    declared = stage("copy", "cp foo bar && cp foo one", "one, bar", PARAMS)
    start(folder, declared.replace("[foo]", "[foo, other.txt]"))
    folder.write("other.txt", "other\n")
    folder.write("params.yaml", "rate: 1\nwidth: 2\n")
    folder.write("more.yaml", "depth: 3\n")
    folder.snakemake() if engine == "nbsnake" else folder.dvc("repro", "--quiet")
    lock = folder.lock()
    folder.replace("dvc.yaml", removed, "")
    theirs = folder.copy_to(tmp_path / "theirs")
    assert NOTHING in folder.snakemake()
    theirs.dvc("repro", "--quiet")
    assert folder.lock() == theirs.lock() == lock
    folder.assert_dvc_clean()


def test_what_is_declared_again_runs_again(folder: Project) -> None:
    declared = stage("copy", "cp foo bar", "bar")
    start(folder, declared.replace("[foo]", "[foo, other.txt]"))
    folder.write("other.txt", "other\n")
    folder.snakemake()
    folder.replace("dvc.yaml", ", other.txt", "")
    assert NOTHING in folder.snakemake()
    folder.write("other.txt", "another\n")
    assert NOTHING in folder.snakemake()
    folder.replace("dvc.yaml", "[foo]", "[foo, other.txt]")
    assert "other.txt changed" in folder.snakemake()
    folder.assert_dvc_clean()


def test_a_key_that_leaves_a_file_of_which_all_keys_count_is_a_change(
    folder: Project, tmp_path: Path
) -> None:
    start(folder, stage("copy", "cp foo bar", "bar", "    params: [more.yaml: ]\n"))
    folder.write("more.yaml", "depth: 3\nwidth: 2\n")
    folder.snakemake()
    folder.write("more.yaml", "depth: 3\n")
    theirs = folder.copy_to(tmp_path / "theirs")
    assert "copy is stale" in folder.snakemake()
    assert_like_dvc(folder, theirs)


def test_modules_at_the_root_hide_none_of_the_tools(project: Project) -> None:
    """Python looks there first for what a program started with ``-m`` imports."""
    for name in ("copy", "types", "random", "logging", "yaml", "dvc", "nbsnake", "snakemake"):
        project.write(f"{name}.py", "raise SystemExit('a module of the project was imported')\n")
    started = {"PYTHONUNBUFFERED": "1"}  # each tool in a process of its own, not in a fork
    for command in ("nbsnake init", "nbsnake generate", "nbsnake run make -j 1"):
        project.run(*command.split(), env=started)
    project.run("snakemake", "--cores", "2", env=started)
    assert project.locked_steps() == {"make", "left", "right", "join"}
    project.run("nbsnake", "status", env=started)
    project.run("nbsnake", "sync", env=started)


def test_a_dvc_file_is_up_to_date_before_a_step_reads_its_folder(
    folder: Project, tmp_path: Path
) -> None:
    start(folder, stage("copy", "cat data/* > bar", "bar").replace("[foo]", "[data]"))
    folder.write("data/foo", "foo\n")
    folder.dvc("add", "--quiet", "data/foo")
    folder.snakemake()
    folder.write("data/foo", "new\n")
    theirs = folder.copy_to(tmp_path / "theirs")
    assert "updated to what they track: data/foo.dvc" in folder.snakemake()
    assert_like_dvc(folder, theirs)
    assert folder.read("bar") == theirs.read("bar")
    assert NOTHING in folder.snakemake()


def test_a_step_is_run_whose_output_has_the_name_of_another(
    folder: Project, tmp_path: Path
) -> None:
    start(folder, stage("first", "cp foo bar", "bar") + stage("second", "cp foo first", "first"))
    theirs = folder.copy_to(tmp_path / "theirs")
    folder.nbsnake("run", "second", "-j", "1")
    assert (folder.root / "first").exists()
    assert not (folder.root / "bar").exists()
    theirs.dvc("repro", "--quiet", "second")
    assert folder.lock() == theirs.lock()


def test_a_frozen_stage_that_is_named_does_not_run(folder: Project, tmp_path: Path) -> None:
    cold = stage("cold", "cp foo one", "one", "    frozen: true\n")
    start(folder, cold + stage("other", "cp foo two", "two"))
    folder.write("one", "by hand\n")
    theirs = folder.copy_to(tmp_path / "theirs")
    assert "cold is frozen: it never runs" in folder.nbsnake("run", "cold", "-j", "1").stderr
    theirs.dvc("repro", "--quiet", "cold")
    assert folder.lock() == theirs.lock()
    assert not (folder.root / "two").exists()
    folder.nbsnake("run", "cold", "other", "-j", "1")
    assert folder.locked_steps() == {"cold", "other"}


def test_only_what_is_asked_for_is_restored(folder: Project) -> None:
    start(folder, stage("first", "cp foo one", "one") + stage("second", "cp foo two", "two"))
    folder.snakemake()
    for name in ("one", "two"):
        (folder.root / name).unlink()
    assert "restored from the cache: first\n" in folder.snakemake("first")
    assert not (folder.root / "two").exists()
    assert "restored from the cache: second\n" in folder.snakemake()


def test_a_project_without_scm_gets_no_gitignore(folder: Project, tmp_path: Path) -> None:
    start(folder, stage("copy", "cp foo bar", "bar"), scm=False)
    theirs = folder.copy_to(tmp_path / "theirs")
    folder.snakemake()
    assert_like_dvc(folder, theirs)


def test_parameters_of_a_file_with_a_dot_in_front(folder: Project, tmp_path: Path) -> None:
    more = "    params:\n    - ./my.yaml: [k]\n    - ./sub/../other.yaml: [k]\n"
    start(folder, stage("dot", "cat my.yaml other.yaml > bar", "bar", more))
    folder.write("my.yaml", "k: 1\n")
    folder.write("other.yaml", "k: 2\n")
    (folder.root / "sub").mkdir()
    theirs = folder.copy_to(tmp_path / "theirs")
    folder.snakemake()
    theirs.dvc("repro", "--quiet")
    assert folder.lock() == theirs.lock()  # dvc status calls its own result changed


def test_a_stage_called_all_is_left_to_dvc(folder: Project) -> None:
    start(folder, stage("all", "cp foo bar", "bar") + stage("other", "cp foo two", "two"))
    output = folder.snakemake()
    assert "all can be run by DVC only (the Snakefile has a rule of that name)" in output
    assert folder.locked_steps() == {"other"}


def test_a_stage_with_the_name_of_a_rule_is_refused_with_both_places(folder: Project) -> None:
    start(folder, stage("fetch", "cp foo bar", "bar"))
    common = 'include: "rules/common.smk"\n'
    rule = 'rule fetch:\n    output: "x"\n    shell: "touch x"\n\n\n'
    folder.replace("workflow/Snakefile", common, rule + common)
    output = folder.snakemake(code=1)
    assert "dvc.yaml, line 2: the stage 'fetch' has the name of a rule in" in output
    assert "workflow/Snakefile, line" in output
    assert "Traceback" not in output


def test_an_input_that_only_dvc_can_make_is_named_with_its_stage(folder: Project) -> None:
    start(folder, stage("top", "cp sub/s.txt top.txt", "top.txt").replace("[foo]", "[sub/s.txt]"))
    inner = stage("pre", "cp ../foo s.txt", "s.txt").replace("[foo]", "[../foo]")
    folder.write("sub/dvc.yaml", f"stages:\n{inner}")
    output = folder.snakemake(code=1)
    assert "sub/s.txt is missing; the stage 'sub/dvc.yaml:pre' writes it" in output
    assert "run: dvc repro sub/dvc.yaml:pre" in output
    folder.dvc("repro", "--quiet", "sub/dvc.yaml:pre")
    folder.snakemake()
    assert "top" in folder.locked_steps()


def test_a_renamed_notebook_keeps_its_tuned_value(project: Project) -> None:
    project.snakemake()
    project.replace("params.yaml", "factor: 3", "factor: 5")
    (project.root / "notebooks/left.ipynb").rename(project.root / "notebooks/produce.ipynb")
    params = project.read("params.yaml")
    output = project.nbsnake("generate", code=1).stderr
    assert "params.yaml, line 3: no step is called 'left' any more" in output
    assert "notebooks/produce.ipynb" in output
    assert "'produce:'" in output
    assert project.read("params.yaml") == params
    project.replace("params.yaml", "left:", "produce:")
    project.nbsnake("generate")
    assert "--factor" in project.read("workflow/scripts/produce.py")
    project.snakemake()
    assert project.read("results of all/left.txt").startswith("5\n")


OWN_RULES = """

rule fetch:
    input:
        "n.txt",
    output:
        "data/raw.txt",
    shell:
        "seq $(cat {input}) > {output}"


rule report:
    input:
        "joined.txt",
    output:
        "report.txt",
    shell:
        "cp {input} {output}"
"""


@pytest.mark.parametrize("hand_written", [False, True])
def test_a_rule_of_ones_own_makes_an_input_and_its_step_sees_the_new_one(
    project: Project, hand_written: bool
) -> None:
    (project.root / "data/raw.txt").unlink()
    project.write("n.txt", "2\n")
    project.write("workflow/Snakefile", project.read("workflow/Snakefile") + OWN_RULES)
    if hand_written:
        more = stage("count", "wc -l data/raw.txt > count.txt", "count.txt")
        text = project.read("dvc.yaml") + more.replace("[foo]", "[data/raw.txt]")
        project.write("dvc.yaml", text)
    for number in ("2", "3"):
        project.write("n.txt", f"{number}\n")
        project.run("snakemake", "--cores", "2", "all", "report")
        assert project.read("data/numbers.txt").split()[-1] == number
        assert project.read("report.txt") == project.read("joined.txt")
        assert not hand_written or project.read("count.txt").startswith(number)
        project.assert_dvc_clean()
        project.computed()
        assert NOTHING in project.snakemake("all", "report")
        assert project.computed() == []


def test_an_input_that_nothing_makes_is_named_before_anything_runs(project: Project) -> None:
    (project.root / "data/raw.txt").unlink()
    output = project.snakemake(code=1)
    assert "notebooks/make.ipynb: data/raw.txt is missing, and no step writes it" in output
    assert "Exception" not in output
    assert project.computed() == []
