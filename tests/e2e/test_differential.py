"""Whatever a stage of dvc.yaml can say: Snakemake and sync leave what ``dvc repro`` leaves.

Each case is run by DVC in one copy of a project and by plain Snakemake in another one. Both are
compared, file by file; then something is changed, and both run again.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e_project import MAKE, NOTHING, Project, notebook_text

pytestmark = [pytest.mark.e2e, pytest.mark.lock]

WRITER = """\
import pathlib
import stat
import sys

kind, path, *words = sys.argv[1:]
path = pathlib.Path(path)
text = " ".join(words) + "\\n"
if kind == "folder":
    path.mkdir()
    (path / "inner").mkdir()
    (path / "empty").mkdir()
    (path / "a.txt").write_text(text)
    (path / "inner/b c.txt").write_text("b" + text)
    run = path / "run.sh"
    run.write_text(text)
    run.chmod(0o755)
elif kind == "append":
    with path.open("a") as file:
        file.write(text)
elif kind == "exec":
    path.write_text(text)
    path.chmod(0o755)
elif kind == "secret":
    path.write_text(text)
    path.chmod(0o600)
else:
    path.write_text(text)
"""
ALL_KINDS = """\
vars:
- config/vars.yaml
- size: 3
stages:
  # written by hand, and not in the order in which it runs
  last:
    cmd: python src/w.py file out/last.txt $(cat out/plain.txt out/model.bin | wc -c)
    deps:
    - out/plain.txt
    - out/model.bin
    - out/folder
    - out/metrics.json
    outs:
    - out/last.txt
  plain:
    cmd: python src/w.py file out/plain.txt ${rate} ${size}
    desc: One file
    deps:
    - src/w.py
    - data/raw.txt
    params:
    - rate
    - nested
    - nothing
    - config/more.yaml:
      - model
      - seed
    - all.json:
    - conf.toml:
      - owner.name
    - conf.py:
      - DEPTH
    outs:
    - out/plain.txt
  folder:
    cmd: python src/w.py folder out/folder ${vars.word}
    deps:
    - src
    outs:
    - out/folder
  adds:
    cmd: python src/w.py append out/log.txt line
    deps:
    - src/w.py
    - data/raw.txt
    outs:
    - out/log.txt:
        persist: true
  reads_log:
    cmd: wc -l < out/log.txt > out/lines.txt
    deps:
    - out/log.txt
    outs:
    - out/lines.txt
  kept_by_git:
    cmd: python src/w.py file out/kept.txt hello
    deps:
    - src/w.py
    outs:
    - out/kept.txt:
        cache: false
  model:
    cmd:
    - python src/w.py file out/model.bin m
    - python src/w.py exec out/run.sh echo
    - python src/w.py secret out/secret.txt s
    - 'printf "{\\"acc\\": 0.5}" > out/metrics.json'
    - printf "step,loss\\n1,2\\n" > out/loss.csv
    deps:
    - src/w.py
    - data/folder
    outs:
    - out/model.bin:
        push: false
        desc: a model
        type: model
        labels: [a, b]
    - out/run.sh
    - out/secret.txt
    metrics:
    - out/metrics.json:
        cache: false
    plots:
    - out/loss.csv:
        x: step
        cache: false
  lines:
    cmd: |-
      python src/w.py file out/one.txt "it's one"
      python src/w.py exec out/two.sh two
    deps:
    - ./src/w.py
    outs:
    - ./out/one.txt
    metrics:
    - out/two.sh:
        cache: false
  no_deps:
    cmd: echo alone > out/alone.txt
    outs:
    - out/alone.txt
  no_outs:
    cmd: test -s out/alone.txt
    deps:
    - out/alone.txt
  below:
    wdir: sub
    cmd: python ../src/w.py file o.txt ${rate} && cp o.txt deep/p.txt
    deps:
    - ../src/w.py
    - ../out/plain.txt
    params:
    - ../params.yaml:
      - rate
    - local.yaml:
      - depth
    outs:
    - o.txt
    - deep/p.txt:
        cache: false
  reads_below:
    cmd: cp sub/o.txt out/below.txt
    deps:
    - sub/o.txt
    outs:
    - out/below.txt
  part:
    foreach:
      u: {n: 1}
      v: {n: 2}
    do:
      cmd: python src/w.py file out/part-${key}.txt ${item.n}
      deps:
      - src/w.py
      outs:
      - out/part-${key}.txt
  item:
    foreach: ${names}
    do:
      cmd: python src/w.py file out/item-${item}.txt ${item}
      deps:
      - src/w.py
      outs:
      - out/item-${item}.txt
  grid:
    matrix:
      part: [u, v]
      rate: ${rates}
    cmd: cat out/part-${item.part}.txt | sed s/$/${item.rate}/ > out/grid-${key}.txt
    deps:
    - out/part-${item.part}.txt
    outs:
    - out/grid-${key}.txt
  quoted:
    cmd: python src/w.py file 'out/a b [c].txt' "x  y" '$HOME' a:b '#d'
    deps:
    - src/w.py
    - data/with space/ü.txt
    outs:
    - out/a b [c].txt
  reads_part_of_folder:
    cmd: cat out/folder/a.txt > out/of-a.txt
    deps:
    - out/folder/a.txt
    outs:
    - out/of-a.txt
  reads_folder_of_outputs:
    cmd: ls sub > out/sub.txt
    deps:
    - sub
    - sub/o.txt
    outs:
    - out/sub.txt
"""
FILES = {
    "src/w.py": WRITER,
    "data/raw.txt": "1 2 3\n",
    "data/folder/x.txt": "x\n",
    "data/folder/inner/y.txt": "y\n",
    "data/with space/ü.txt": "u\n",
    "sub/local.yaml": "depth: 1\n",
    "params.yaml": (
        "rate: 1e-5\nnested: {b: [1, 2], a: {z: 1, y: s}}\nnothing:\n"
        "names: [x, y]\nrates: [0.1, 1e-5]\n"
    ),
    "config/vars.yaml": "vars: {word: hello}\n",
    "config/more.yaml": "seed: 42\nmodel: {type: cnn, width: 64}\nother: 1\n",
    "all.json": '{"thr": 0.5, "alpha": [1, 2]}\n',
    "conf.toml": '[owner]\nname = "n"\nage = 3\n',
    "conf.py": "DEPTH = 4\nOTHER = 5\n",
    "out/keep": "",
    "sub/deep/keep": "",
}


def stages(text: str) -> dict[str, str]:
    return {**FILES, "dvc.yaml": f"stages:\n{text}"}


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


def tree(root: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """Every path below the root with its mode and its content, but for the tools' own."""
    own = {".git", ".snakemake", ".nbsnake", "logs", "tmp", "config.local", "__pycache__"}
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if own & {*parts} or path.name == ".snakemake_timestamp":
            continue
        if path.is_dir():
            yield "/".join(parts), ("folder", "")
        else:
            mode = oct(path.stat().st_mode)[-3:]
            yield "/".join(parts), (f"{mode}{'l' * path.is_symlink()}", _md5(path))


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def assert_same(ours: Project, theirs: Project) -> None:
    assert (ours.root / "dvc.lock").read_text() == (theirs.root / "dvc.lock").read_text()
    assert dict(tree(ours.root)) == dict(tree(theirs.root))
    assert ours.git("status", "--short") == theirs.git("status", "--short")
    status, dry = (["dvc", "status"], ["dvc", "repro", "--dry"])
    assert ours.run(*status).stdout == theirs.run(*status).stdout
    assert ours.run(*dry).stdout == theirs.run(*dry).stdout


def run_both(ours: Project, theirs: Project) -> str:
    theirs.dvc("repro", "--quiet")
    output = ours.snakemake()
    assert_same(ours, theirs)
    return output


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
    assert "rule cold:" not in output
    output = run_both(ours, theirs)
    assert "rule each:" in output
    assert "rule alone:" in output
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
