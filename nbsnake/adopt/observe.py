"""Running notebooks once, and what they were seen to read and write.

A notebook runs as the plain script that ``nbsnake convert`` makes of it, in the notebook's folder,
under :mod:`nbsnake.adopt.probe`.
"""

import ast
import json
import os
import posixpath
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbsnake.adopt.decide import Followed, shown_role
from nbsnake.adopt.facts import Certainty, File, Hazard
from nbsnake.errors import NbsnakeError, Where
from nbsnake.follow.cells import Source
from nbsnake.follow.values import Origin
from nbsnake.generate.convert import Job, convert
from nbsnake.model.step import Role
from nbsnake.names import is_reserved
from nbsnake.notebook.spec import Reading
from nbsnake.programs import script_call

PROBE = Path(__file__).with_name("probe.py")
_MARK = re.compile(r"# %% cell (\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one run of a notebook showed; ``failure`` is None where it came to its end."""

    notebook: str
    files: tuple[File, ...]
    modules: tuple[str, ...]
    failure: Hazard | None


def observe(followed: Followed, start: str, rules: Reading, root: str = ".") -> Seen:
    """Run a notebook once in the folder ``start`` of the project at ``root``."""
    path = followed.path
    with tempfile.TemporaryDirectory(prefix="nbsnake-adopt-") as scratch:
        script, report = (os.path.join(scratch, name) for name in ("notebook.py", "report.json"))
        try:
            text = convert(Job(os.path.join(root, path), script), rules, None).text
        except NbsnakeError as fault:
            failure = Hazard(Where(path), f"was not run: {fault.message}", fault.hint)
            return Seen(notebook=path, files=(), modules=(), failure=failure)
        Path(script).write_text(text, encoding="utf-8", newline="")
        found = _run(script, report, root, start, posixpath.dirname(path))
    return _seen(followed, text, found)


def _run(script: str, report: str, root: str, start: str, folder: str) -> dict[str, Any]:
    """Run the probe; its report, or one with what kept it from writing one."""
    top = os.path.realpath(root)
    own = os.path.join(top, folder)
    paths = [own, *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "MPLBACKEND": "agg", "PYTHONPATH": os.pathsep.join(paths)}
    command = script_call(str(PROBE), script, report, top)
    done = subprocess.run(
        command,
        cwd=os.path.join(top, start),
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    try:
        found: dict[str, Any] = json.loads(Path(report).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        last = (done.stderr.strip().splitlines() or [""])[-1]
        found = {"read": [], "wrote": [], "calls": [], "modules": [], "line": 0}
        found["failure"] = f"ended with {done.returncode}: {last}"
    return found


def _seen(followed: Followed, text: str, found: Mapping[str, Any]) -> Seen:
    lines = text.split("\n")
    origins = dict(_origins(followed, lines, found["calls"]))
    wrote, read = found["wrote"], [path for path in found["read"] if path not in found["wrote"]]
    files = [
        File(
            path=path,
            role=shown_role(role, path),
            where=Where(followed.path),
            certainty=Certainty.RUN,
            origins=tuple(origins.get(path, {}).values()),
        )
        for role, paths in ((Role.DEP, read), (Role.OUT, wrote))
        for path in paths
        if not (is_reserved(path) or path.endswith((".ipynb", ".py")))
    ]
    failure = None
    if found["failure"]:
        cell, line = _place(lines, found["line"])
        where = Where(followed.path, cell or None, line or None)
        failure = Hazard(where, f"the run stopped: {found['failure']}", "run it in Jupyter")
    return Seen(
        notebook=followed.path,
        files=tuple(files),
        modules=tuple(found["modules"]),
        failure=failure,
    )


def _place(lines: Sequence[str], line: int) -> tuple[int, int]:
    """The cell of a line of a script, and its line there; 0 for what comes before the cells."""
    for number in range(min(line, len(lines)), 0, -1):
        if match := _MARK.match(lines[number - 1]):
            return int(match[1]), line - number
    return 0, 0


def _origins(
    followed: Followed, lines: Sequence[str], calls: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, dict[object, Origin]]]:
    """The arguments that named each path, where they named no other one."""
    by_cell = {source.number: source for source in followed.cells}
    named: dict[object, tuple[Origin, set[str]]] = {}
    for call in calls:
        cell, line = _place(lines, call["place"][0])
        source = by_cell.get(cell)
        argument = _argument(source, line, call) if source else None
        if argument is not None and call["kind"] == "str":
            origin = Origin(cell, argument)
            named.setdefault(origin.span, (origin, set()))[1].add(call["path"])
    found: dict[str, dict[object, Origin]] = {}
    for span, (origin, paths) in named.items():
        if len(paths) == 1:
            found.setdefault(next(iter(paths)), {})[span] = origin
    yield from found.items()


def _argument(source: Source, line: int, call: Mapping[str, Any]) -> ast.expr | None:
    """The expression of an argument in the notebook's own cell."""
    for node in ast.walk(source.tree) if source.tree else ():
        if isinstance(node, ast.Call) and (node.lineno, node.col_offset) == (
            line,
            call["place"][1],
        ):
            key = call["argument"]
            if isinstance(key, int):
                plain = [each for each in node.args if not isinstance(each, ast.Starred)]
                return node.args[key] if key < len(node.args) == len(plain) else None
            return next((each.value for each in node.keywords if each.arg == key), None)
    return None
