"""Whatever a stage of dvc.yaml can say: Snakemake and sync leave what ``dvc repro`` leaves.

Each case is run by DVC in one copy of a project and by plain Snakemake in another one. Both are
compared, file by file; then something is changed, and both run again.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from both_engines import ALL_KINDS, FILES, assert_same, run_both, stages
from diamond import MAKE, NOTHING
from e2e_project import Project, notebook_text

pytestmark = [pytest.mark.e2e, pytest.mark.lock]


@pytest.fixture
def pair(folder: Project, tmp_path: Path) -> Callable[..., tuple[Project, Project]]:
    """The same project twice: for Snakemake, and for DVC."""

    def make(files: dict[str, str], *commands: list[str]) -> tuple[Project, Project]:
        for path, text in files.items():
            folder.write(path, text)
        folder.nbsnake("init")
        for command in commands:
            folder.run(*command)
        folder.nbsnake("generate")
        folder.git("add", ".")
        folder.git("commit", "--quiet", "--message", "begin")
        return folder.copy_to(tmp_path / "ours"), folder.copy_to(tmp_path / "theirs")

    return make


@pytest.mark.parametrize("kind", ["", "copy", "hardlink", "symlink", "reflink,copy"])
def test_all_kinds_of_stages_and_links(
    kind: str, pair: Callable[..., tuple[Project, Project]]
) -> None:
    config = [["dvc", "config", "cache.type", kind]] if kind else []
    ours, theirs = pair({**FILES, "dvc.yaml": ALL_KINDS}, *config)
    run_both(ours, theirs)
    assert NOTHING in ours.snakemake()

    for project in (ours, theirs):
        project.replace("data/raw.txt", "1 2 3", "4 5 6")
        project.replace("config/more.yaml", "width: 64", "width: 65")
        project.replace("params.yaml", "names: [x, y]", "names: [x, z]")
    run_both(ours, theirs)
    assert NOTHING in ours.snakemake()
    assert ours.wrong_objects() == []


FROZEN_AND_ALWAYS = """\
  cold:
    cmd: python src/w.py file out/cold.txt c
    deps: [data/raw.txt]
    outs: [out/cold.txt]
    frozen: true
  after:
    cmd: cp out/cold.txt out/after.txt
    deps: [out/cold.txt]
    outs: [out/after.txt]
  each:
    cmd: python src/w.py file out/each.txt e
    deps: [src/w.py]
    outs: [out/each.txt]
    always_changed: true
  then:
    cmd: cp out/each.txt out/then.txt
    deps: [out/each.txt]
    outs: [out/then.txt]
  alone:
    cmd: echo nothing in, nothing out
"""


def test_frozen_stages_and_those_that_run_each_time(
    pair: Callable[..., tuple[Project, Project]],
) -> None:
    ours, theirs = pair({**stages(FROZEN_AND_ALWAYS), "out/cold.txt": "by hand\n"}, UNTRACK)
    output = run_both(ours, theirs)
    assert "done     after" in output
    assert "done     cold" not in output
    output = run_both(ours, theirs)
    assert "done     each" in output
    assert "done     alone" in output
    assert "each is stale: it runs each time" in output

    for project in (ours, theirs):
        project.replace("data/raw.txt", "1 2 3", "9")
    run_both(ours, theirs)
    for project in (ours, theirs):
        project.write("out/cold.txt", "by another hand\n")
    run_both(ours, theirs)
    assert ours.read("out/after.txt") == "by another hand\n"


UNTRACK = ["sh", "-c", "echo cold.txt > out/.gitignore"]
ONE = """\
  one:
    cmd: python src/w.py file out/one.txt $(cat data/raw.txt)
    deps: [data/raw.txt, src/w.py]
    outs: [out/one.txt]
  tree:
    cmd: python src/w.py folder out/tree f
    deps: [data/folder, src/w.py]
    outs: [out/tree]
"""


def test_sources_that_dvc_tracks(pair: Callable[..., tuple[Project, Project]]) -> None:
    ours, theirs = pair(stages(ONE), ["dvc", "add", "data/raw.txt", "data/folder"])
    run_both(ours, theirs)
    for project in (ours, theirs):
        project.write("data/raw.txt", "7 8 9\n")
        project.write("data/folder/new.txt", "new\n")
    run_both(ours, theirs)
    assert ours.read("data/raw.txt.dvc") == theirs.read("data/raw.txt.dvc")
    ours.assert_dvc_clean()
    assert NOTHING in ours.snakemake()


def test_sources_that_dvc_imports(
    pair: Callable[..., tuple[Project, Project]], tmp_path: Path, tool_env: dict[str, str]
) -> None:
    (tmp_path / "origin").mkdir()
    origin = Project(tmp_path / "origin", tool_env)
    origin.write("raw.txt", "from elsewhere\n")
    origin.git("init", "--quiet")
    origin.dvc("init", "--quiet")
    origin.dvc("add", "--quiet", "raw.txt")
    origin.git("add", ".")
    origin.git("commit", "--quiet", "--message", "origin")
    files = {path: text for path, text in stages(ONE).items() if path != "data/raw.txt"}
    command = ["dvc", "import", "--quiet", str(origin.root), "raw.txt", "-o", "data/raw.txt"]
    ours, theirs = pair(files, command)
    run_both(ours, theirs)
    assert ours.read("out/one.txt") == "from elsewhere\n"
    assert NOTHING in ours.snakemake()


@pytest.mark.parametrize(
    "config",
    [
        [["dvc", "cache", "dir", "../shared"]],
        [["dvc", "config", "cache.shared", "group"]],
        [["dvc", "config", "core.autostage", "true"]],
        [["dvc", "config", "core.hardlink_lock", "true"]],
    ],
    ids=["cache elsewhere", "cache for a group", "autostage", "lock by links"],
)
def test_settings_of_dvc(
    config: list[list[str]], pair: Callable[..., tuple[Project, Project]], tmp_path: Path
) -> None:
    ours, theirs = pair(stages(ONE), *config)
    for project in (ours, theirs):
        project.dvc("repro", "--quiet") if project is theirs else project.snakemake()
        if (tmp_path / "shared").exists():
            (tmp_path / "shared").rename(project.root / "shared")
    assert_same(ours, theirs)


def test_what_only_dvc_can_lock_is_locked_by_dvc(
    pair: Callable[..., tuple[Project, Project]],
) -> None:
    ours, theirs = pair(
        stages(ONE),
        ["dvc", "remote", "add", "--default", "store", "s3://nowhere/data"],
        ["dvc", "remote", "modify", "store", "version_aware", "true"],
    )
    output = run_both(ours, theirs)
    assert "left to DVC, as the remote 'store' keeps versions of files" in output
    assert NOTHING in ours.snakemake()
    for project in (ours, theirs):
        project.write("data/raw.txt", "7\n")
    run_both(ours, theirs)


def test_stages_of_a_person_and_of_notebooks_depend_on_each_other(
    pair: Callable[..., tuple[Project, Project]],
) -> None:
    text = """\
  fetch:
    cmd: cp src/numbers.txt data/raw.txt
    deps: [src/numbers.txt]
    outs: [data/raw.txt]
  report:
    cmd: cp data/numbers.txt out/report.txt
    deps: [data/numbers.txt]
    outs: [out/report.txt]
"""
    files = {path: text for path, text in stages(text).items() if path != "data/raw.txt"}
    notebook = {"notebooks/make.ipynb": notebook_text(MAKE), "src/numbers.txt": "1 2\n"}
    ours, theirs = pair({**files, **notebook})
    run_both(ours, theirs)
    assert ours.read("out/report.txt") == "1\n1\n2\n2\n"
    assert NOTHING in ours.snakemake()
    for project in (ours, theirs):
        project.write("src/numbers.txt", "3\n")
    run_both(ours, theirs)
    assert ours.read("out/report.txt") == "3\n3\n"


def test_a_part_of_a_persons_output_is_no_input_of_a_notebook(
    pair: Callable[..., tuple[Project, Project]],
) -> None:
    head = '"""Read a part.\n\n:dvc-in: out/tree/a.txt\n:dvc-out: part.txt\n"""'
    code = 'open("part.txt", "w").write(open("out/tree/a.txt").read())'
    notebook = {"notebooks/part.ipynb": notebook_text(["# Part", head, code])}
    ours, _ = pair({**stages(ONE), **notebook})
    output = ours.snakemake(code=1)
    assert "out/tree/a.txt is inside out/tree, which is one output of the stage 'tree'" in output
    assert "name the folder: ':dvc-in: out/tree'" in output


def test_stages_that_only_dvc_can_run_are_named(
    pair: Callable[..., tuple[Project, Project]],
) -> None:
    nested = "stages:\n  inner:\n    cmd: echo i > i.txt\n    outs: [i.txt]\n"
    text = """\
  braces:
    cmd: "echo b > 'out/{b}.txt'"
    outs: ["out/{b}.txt"]
  outer:
    cmd: cp sub/i.txt out/o.txt
    deps: [sub/i.txt]
    outs: [out/o.txt]
"""
    ours, _ = pair({**stages(text), "sub/dvc.yaml": nested})
    ours.dvc("repro", "--quiet", "sub/dvc.yaml:inner", "braces")
    output = ours.snakemake()
    assert "sub/dvc.yaml:inner can be run by DVC only (it is in sub/dvc.yaml)" in output
    assert "braces can be run by DVC only (Snakemake reads the braces" in output
    ours.assert_dvc_clean()
