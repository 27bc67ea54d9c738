"""A project of two steps with every kind of output, in the states from which faults begin.

``first`` reads ``data/raw.txt`` and writes a file, a folder and a metric with ``cache: false``;
``second`` reads both data outputs and a parameter. ``CHANGE`` makes both of them stale.
"""

import subprocess
from functools import cached_property
from pathlib import Path

from diskfaults import copy_exactly
from e2e_project import Project

FIRST = [
    "# First",
    '''\
"""Write every kind of output.

:param raw: the raw text
:dvc-cmd: dvc run -d data/raw.txt -o data/numbers.txt -o data/parts/ -M metrics.json
    "$MLV_PY_CMD_PATH --raw data/raw.txt"
"""
raw = "../data/raw.txt"
''',
    """\
import json
import os

with open(os.environ["COUNT_FILE"], "a") as counts:
    counts.write("first\\n")
with open(raw) as file:
    words = file.read().split()
with open("data/numbers.txt", "w") as file:
    file.write("".join(f"{word}\\n" for word in words))
os.makedirs("data/parts/inner", exist_ok=True)
for path in ("data/parts/all.txt", "data/parts/inner/last.txt"):
    with open(path, "w") as file:
        file.write(f"{path} {words}\\n")
with open("metrics.json", "w") as file:
    json.dump({"sum": sum(map(int, words))}, file)
""",
]
SECOND = [
    "# Second",
    '''\
"""Join both.

:param numbers: the numbers
:param parts: the folder
:param joined: where all of it goes
:param str word: what stands in front
:dvc-in numbers: data/numbers.txt
:dvc-in parts: data/parts/
:dvc-out joined: results/joined.txt
"""
numbers = "../data/numbers.txt"
parts = "../data/parts"
joined = "../results/joined.txt"
word = "n"
''',
    """\
import os

with open(os.environ["COUNT_FILE"], "a") as counts:
    counts.write("second\\n")
texts = [word, open(numbers).read(), open(os.path.join(parts, "inner/last.txt")).read()]
os.makedirs(os.path.dirname(joined), exist_ok=True)
with open(joined, "w") as file:
    file.write("\\n".join(texts))
""",
]
STEPS = ("first", "second")
OUTPUTS = {
    "first": ("data/numbers.txt", "data/parts", "metrics.json"),
    "second": ("results/joined.txt",),
}
BEFORE, CHANGE = ("1 2 3\n", "word: a\n"), ("4 5 60\n", "word: bc\n")


def build(root: Path, env: dict[str, str], link: str) -> Project:
    """Generated and committed; nothing has run."""
    root.mkdir()
    project = Project(root, env)
    project.write_notebook("first", FIRST)
    project.write_notebook("second", SECOND)
    set_sources(project, BEFORE)
    project.nbsnake("init")
    project.nbsnake("generate")
    project.dvc("config", "cache.type", link)
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "generated")
    return project


def set_sources(project: Project, sources: tuple[str, str]) -> None:
    raw, word = sources
    project.write("data/raw.txt", raw)
    project.write("params.yaml", f"second:\n  {word}")


def remove_outputs(project: Project, step: str) -> None:
    """What Snakemake does before a job runs, and after it failed."""
    paths = [str(project.root / path) for path in OUTPUTS[step]]
    subprocess.run(["rm", "-rf", *paths], check=True)


class States:
    """Copies to start from, each made when first asked for; a fault's test copies it again."""

    def __init__(self, folder: Path, env: dict[str, str], link: str) -> None:
        self._folder, self._link = folder, link
        self.generated = build(folder / "generated", env, link)

    @cached_property
    def before(self) -> Project:
        return self._finished(self.generated, "before")

    @cached_property
    def changed(self) -> Project:
        changed = copy_exactly(self.before, self._folder / "changed")
        set_sources(changed, CHANGE)
        changed.nbsnake("status")  # which makes the plan that jobs read
        return changed

    @cached_property
    def after(self) -> Project:
        return self._finished(self.changed, "after")

    @property
    def argv(self) -> dict[str, list[str]]:
        """The commands of the changed steps."""
        found = {}
        for step in STEPS:
            argv = self.after.receipt(step)["argv"]
            assert isinstance(argv, list)
            found[step] = argv
        return found

    @cached_property
    def to_exec(self) -> Project:
        project = copy_exactly(self.changed, self._folder / "exec")
        remove_outputs(project, "first")
        return project

    @cached_property
    def to_exec_again(self) -> Project:
        """The cache has all that the step is about to give."""
        project = copy_exactly(self.after, self._folder / "exec again")
        remove_outputs(project, "first")
        return project

    @cached_property
    def to_sync(self) -> Project:
        return self._unlocked(self.changed, "sync")

    @cached_property
    def to_sync_first(self) -> Project:
        return self._unlocked(self.generated, "sync first")

    @cached_property
    def to_restore(self) -> Project:
        project = copy_exactly(self.after, self._folder / "restore")
        set_sources(project, BEFORE)
        if self._link == "hardlink":
            project.nbsnake("status")  # with the other one, restore makes the plan too
        return project

    @cached_property
    def back(self) -> Project:
        """What going back must give: the older results, and the objects and runs of both."""
        back = copy_exactly(self.to_restore, self._folder / "back")
        back.nbsnake("restore")
        assert back.computed() == []
        assert back.lock() == self.before.lock()
        return back

    def _finished(self, project: Project, name: str) -> Project:
        done = copy_exactly(project, self._folder / name)
        done.snakemake()
        assert done.computed() == ["first", "second"]
        done.assert_dvc_clean()
        return done

    def _unlocked(self, project: Project, name: str) -> Project:
        """Everything has run and nothing is locked yet."""
        ran = copy_exactly(project, self._folder / name)
        ran.snakemake("--no-hooks")
        assert ran.computed() == ["first", "second"]
        assert not (ran.root / "dvc.lock").exists() or ran.lock() == project.lock()
        return ran


def outputs(project: Project, step: str) -> dict[str, bytes]:
    """The step's files with their bytes, without Snakemake's stamps."""
    found = {}
    for output in OUTPUTS[step]:
        path = project.root / output
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file() and file.name != ".snakemake_timestamp":
                name = file.relative_to(project.root).as_posix()
                found[name] = file.read_bytes()
    return found
