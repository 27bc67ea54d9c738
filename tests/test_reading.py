"""What a project brings is read through one function: a pipe or a device would never end."""

import ast
import re
from pathlib import Path

import pytest

import nbsnake

PACKAGE = Path(nbsnake.__file__).parent
TREES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_bytes())
    for path in sorted(PACKAGE.rglob("*.py"))
}
WRITES = re.compile(r"^'[wax]")
# Each module that opens something else than a file of the project, and what that is.
OTHERS = {
    "adopt/observe.py": "a report that it asked for, in a folder of its own",
    "adopt/probe.py": "the same folder",
    "cli.py": "the null device",
    "dvc/lock.py": "DVC's lock: no part of the path is a pipe, as `plain` says in the same line",
    "generate/ahead.py": "pipes to copies of this process",
    "generate/resources.py": "files of the package",
    "ipython/standins.py": "what a step's own code names",
    "job/atomic.py": "new files, to write them",
    "job/away.py": "a folder that a remote job made for itself",
    "job/linked.py": "/proc",
    "job/memory.py": "/proc",
    "job/own.py": "own state: no part of the path is a pipe, as `plain` says in the same line",
    "job/regular.py": "the function itself",
    "job/runner/__init__.py": "the script of a step, which runs",
    "job/runner/marked.py": "/proc, and folders, in a process of a step",
    "job/runner/program.py": "the script of a step, which runs",
    "jupyter/handlers.py": "a page that it asked for, in a folder of its own",
    "notebook/limited.py": "pipes to a process of its own, and /proc",
    "remote/task.py": "files of the package",
    "report/page.py": "files of the package",
    "snakemake/descendants.py": "/proc",
    "split/prove.py": "a record that it asked for, in a folder of its own",
}


def readings(tree):
    """The lines that open a file to read it by other means than those of ``job/regular.py``."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        reads = name in ("os.open", "io.open") or name.endswith((".read_text", ".read_bytes"))
        if reads or (name == "open" and not _is_safe(node)):
            yield node.lineno


def _is_safe(call):
    """Whether the call writes, or opens as ``job/regular.py`` does."""
    mode = ast.unparse(call.args[1]) if call.args[1:] else "'r'"
    return bool(WRITES.search(mode)) or "opener" in [each.arg for each in call.keywords]


@pytest.mark.parametrize("name", [each for each in TREES if each not in OTHERS])
def test_what_is_in_a_project_is_read_without_waiting(name):
    assert list(readings(TREES[name])) == [], "read it with nbsnake.job.regular"


@pytest.mark.parametrize("name", OTHERS)
def test_each_exception_is_one(name):
    assert list(readings(TREES[name]))
