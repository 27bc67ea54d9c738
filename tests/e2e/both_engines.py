"""Every kind of stage of dvc.yaml, and what DVC and Snakemake leave behind, compared."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from e2e_project import Project

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
