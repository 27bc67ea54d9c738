"""What changed in a step's code since its last run, by the cells of its notebook."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from nbsnake.job.executed import notebook_path
from nbsnake.job.own import read_own
from nbsnake.job.plan import PlannedStep
from nbsnake.job.receipt import Receipt
from nbsnake.job.regular import read_regular
from nbsnake.python.script_diff import code_diff, code_of, differing_cells, with_options
from nbsnake.python.versions import find_version
from nbsnake.results.freshness import Judge, Verdict, changed

SHOWN = 20  # steps whose reasons are shown before a run
Code = Mapping[int, str]  # by the number of the cell; 0 is what comes before the first


class CodeChange(NamedTuple):
    """The cells of a notebook that are other code than in the step's last run."""

    step: PlannedStep
    then: Code
    now: Code

    @property
    def cells(self) -> list[int]:
        """The numbers of the cells."""
        return differing_cells(self.then, self.now)

    def diff(self) -> Iterator[str]:
        """A unified diff for each of the cells, line by line."""
        notebook = self.step.notebook
        return code_diff(self.then, self.now, f"{notebook}, last run", notebook)

    def __str__(self) -> str:
        return _in_words(self.step, [cell for cell in self.cells if cell])


def reason_lines(judge: Judge, verdicts: Iterable[Verdict]) -> Iterator[str]:
    """One line for each step that is stale in itself; of many, the first ones."""
    stale = [each for each in verdicts if each.state == "stale" and each.reasons]
    for verdict in stale[:SHOWN]:
        reasons = reasons_by_cell(verdict, judge.receipt(verdict.step.name))
        yield f"{verdict.step.name} is stale: {'; '.join(reasons)}"
    if len(stale) > SHOWN:
        yield f"{len(stale) - SHOWN} more steps are stale; see: nbsnake status"


def reasons_by_cell(verdict: Verdict, receipt: Receipt | None) -> tuple[str, ...]:
    """Why the step is stale, where a change of its script is one of the notebook's cells."""
    script = changed(verdict.step.script)
    if script not in verdict.reasons:
        return verdict.reasons
    found = code_change(verdict.step, receipt) or _in_words(verdict.step, [])
    return tuple(str(found) if reason == script else reason for reason in verdict.reasons)


def _in_words(step: PlannedStep, cells: list[int]) -> str:
    name = posixpath.basename(step.notebook)
    if not cells:
        return f"the code of {name} changed"
    return f"cell{'s' * (len(cells) > 1)} {', '.join(map(str, cells))} of {name} changed"


def code_change(step: PlannedStep, receipt: Receipt | None) -> CodeChange | None:
    """How the step's script differs from that of its last run; None where that is not known."""
    if not step.script or receipt is None:
        return None
    try:
        now = code_of(read_regular(step.script).decode(errors="replace"))
    except OSError:
        return None
    if then := _code_in(read_own(notebook_path(step.name)), receipt):
        from nbsnake.job.runner.cells import own_source  # slow, and for stale steps only

        now = {cell: own_source(f"\n{text}") for cell, text in now.items()}  # as a run records it
        return CodeChange(step, with_options(then, now), now)
    data = find_version(step.script, receipt.run.deps.get(step.script, ""))
    return CodeChange(step, code_of(data.decode(errors="replace")), now) if data else None


def _code_in(document: Any, receipt: Receipt) -> Code:
    """The code cells of a run's notebook; none where it is that of another run."""
    try:
        if document["metadata"]["nbsnake"]["started"] != receipt.started and not receipt.restored:
            return {}
        cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
        own = [(cell["metadata"]["nbsnake"], str(cell["source"])) for cell in cells]
        return {
            int(of["cell"]): str(of.get("script", source))
            for of, source in own
            if not of.get("marked")
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
