"""Is a step's result the one that its command, its parameters and its sources give?

Judged by content, from what the receipts and dvc.lock tell, in the order of the plan.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from nbsnake.digests import Digests
from nbsnake.exec import find_outputs
from nbsnake.lockfile import read_lock
from nbsnake.lockmemo import run_of
from nbsnake.plan import Plan, PlannedStep
from nbsnake.receipt import Failure, Receipt, Run, read_failure, read_receipt

State = Literal["fresh", "stale", "never run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``reasons`` say why a step is stale in itself, ``waits`` name the stale steps before it.

    ``restorable`` means that the cache has the result.
    ``locked`` tells whether dvc.lock has the result that is on disk.
    """

    step: PlannedStep
    state: State
    reasons: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    restorable: bool = False
    locked: bool = False
    failure: Failure | None = None


class Judge:
    """Gives the verdict on each step, upstream steps first, from what is on record."""

    def __init__(self, plan: Plan, digests: Digests) -> None:
        self._plan = plan
        self._digests = digests
        self._lock = read_lock()
        self._receipts = {name: read_receipt(name) for name in plan.steps}
        self._makers = plan.makers()
        self._verdicts: dict[str, Verdict] = {}
        for receipt in self._receipts.values():
            if receipt:
                digests.trust(receipt)

    def verdicts(self) -> dict[str, Verdict]:
        """All verdicts, in the order of the plan."""
        return {name: self.verdict(step) for name, step in self._plan.steps.items()}

    def verdict(self, step: PlannedStep) -> Verdict:
        """The verdict on one step; those on the steps before it in the plan must be given."""
        verdict = self._by_content(step)
        makers = {self._makers[path] for path in step.deps if path in self._makers}
        stale = sorted(name for name in makers if self._verdicts[name].state != "fresh")
        if stale and verdict.state != "never run":
            verdict = replace(verdict, state="stale", waits=tuple(stale), locked=False)
        self._verdicts[step.name] = verdict
        return verdict

    def restored(self, receipt: Receipt) -> None:
        """Take notice of a receipt that is newer than this judge."""
        self._receipts[receipt.step] = receipt
        self._digests.trust(receipt)

    def _locked(self, step: PlannedStep) -> Run | None:
        body = self._lock.get(step.name)
        return run_of(body) if body else None

    def _by_content(self, step: PlannedStep) -> Verdict:
        receipt, lock = self._receipts[step.name], self._locked(step)
        contents = {path: self._digests.of(path) for path in (*step.deps, *step.out_paths)}
        now = step.run(contents)
        last = receipt.run if receipt and not receipt.refused else lock
        if now in (last, lock):
            return Verdict(step=step, state="fresh", locked=now == lock)
        deps = {path: content for path in step.deps if (content := contents[path])}
        known = len(deps) == len(step.deps) and find_outputs(self._plan.cache, step, deps)
        return Verdict(
            step=step,
            state="stale" if last else "never run",
            reasons=tuple(_reasons(last, now, receipt) if last else _unmade(now)),
            restorable=bool(known),
            failure=read_failure(step.name),
        )


def _reasons(then: Run, now: Run, receipt: Receipt | None) -> Iterator[str]:
    if receipt and receipt.refused:
        yield receipt.refused
    changed = sorted(set(_changed_params(then.params, now.params)))
    yield from changed
    if then.cmd != now.cmd and not changed:
        yield "the command changed"
    for path in sorted({*then.deps, *now.deps}):
        if path not in then.deps or path not in now.deps:
            yield f"{path} is {'a new' if path in now.deps else 'no longer a'} dependency"
        elif then.deps[path] != now.deps[path]:
            yield f"{path} {'changed' if now.deps[path] else 'is missing'}"
    for path in sorted(now.outs):
        if not now.outs[path]:
            yield f"{path} is missing"
        elif path in then.outs and then.outs[path] != now.outs[path]:
            yield f"{path} is not what the step wrote"


def _unmade(now: Run) -> Iterator[str]:
    """What was there before the step ever ran is no result of it, though Snakemake takes it so."""
    for path in sorted(now.outs):
        if now.outs[path]:
            yield f"{path} was there before"


def _changed_params(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """A key tells the value, of whichever file: a client's file may give it from now on."""
    before = {key: value for values in then.values() for key, value in values.items()}
    after = {key: value for values in now.values() for key, value in values.items()}
    for key in {*before, *after}:
        if before.get(key) != after.get(key):
            yield f"{key} was {before.get(key)!r}, now {after.get(key)!r}"
    if then != now and before == after:
        yield "a value comes from another file"
