"""Is a step's result the one that its command, its parameters and its sources give?

Judged by content, from what the receipts and dvc.lock record, in the order of the plan.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from nbsnake.dvc.lockfile import locked_by_dvc2, read_lock
from nbsnake.job.absent import md5_is_left
from nbsnake.job.content import Digest
from nbsnake.job.digests import Digests
from nbsnake.job.outputs import find_outputs
from nbsnake.job.plan import Plan, PlannedStep
from nbsnake.job.receipt import Failure, Receipt, read_failure, read_receipt
from nbsnake.job.run import Run
from nbsnake.job.running import was_cut_off
from nbsnake.merging.guard import find_combined, find_suspects
from nbsnake.python.versions import Versions

State = Literal["fresh", "stale", "never run"]
RUNS_EACH_TIME = "it runs each time"
ONLY_TEXT = "only comments, formatting or generated parts changed in"


class Verdict(NamedTuple):
    """``reasons`` say why a step is stale in itself, ``waits`` name the stale steps before it.

    ``settled`` means that a run on record gave what is on disk from what is on disk, and that
    nothing before it will change: dvc.lock may say so, and what comes after may rely on it.
    ``locked`` says whether dvc.lock does, ``restorable`` that the cache has the result.
    ``same_code`` are files that differ from those of the run only in comments or formatting.
    ``acceptable`` says that a person may know the result on disk to be right: its parameters and
    data are those of the run on record, or no run is.
    """

    step: PlannedStep
    state: State
    reasons: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    settled: bool = False
    restorable: bool = False
    locked: bool = False
    failure: Failure | None = None
    same_code: tuple[str, ...] = ()
    acceptable: bool = False


class Judge:
    """Gives the verdict on each step, upstream steps first, from what is on record.

    ``outdated`` are scripts that are not what the notebooks give, and notebooks that give none,
    each with the reason. ``unseen`` says why dvc.lock may hold entries that no run gave and that
    are not found, "" for no reason; ``legacy`` names entries of DVC 2.
    """

    def __init__(
        self, plan: Plan, digests: Digests, outdated: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.plan = plan
        self.digests = digests
        self._outdated = outdated
        self._lock = read_lock()
        self._versions = Versions()
        suspects = find_suspects()
        self._combined = find_combined(plan, self._lock, suspects)
        self.unseen = suspects.unseen
        self.legacy = locked_by_dvc2(self._lock)
        self._receipts: dict[str, Receipt | None] = {}
        self._makers = plan.makers()
        self._verdicts: dict[str, Verdict] = {}
        self._contents: dict[str, Digest | None] = {}

    def verdicts(self) -> dict[str, Verdict]:
        """All verdicts, in the order of the plan."""
        found = {
            name: self._verdicts.get(name) or self.verdict(step)
            for name, step in self.plan.steps.items()
        }
        self._versions.save()
        return found

    def verdict(self, step: PlannedStep) -> Verdict:
        """The verdict on one step; those on the steps before it in the plan must be given."""
        verdict = self._on_frozen(step) if step.frozen else self._by_content(step)
        sources = (step.notebook, *step.deps)
        if reasons := tuple(self._outdated[path] for path in sources if path in self._outdated):
            verdict = _outdated(verdict, reasons)
        makers = {name for path in step.deps for name in self._makers.get(path, ())}
        stale = sorted(name for name in makers if not self._verdicts[name].settled)
        if stale and verdict.state != "never run" and not step.frozen:
            waits = tuple(stale)
            verdict = verdict._replace(state="stale", waits=waits, locked=False, settled=False)
        self._verdicts[step.name] = verdict
        return verdict

    def restored(self, receipt: Receipt) -> None:
        """Take notice of a receipt that is newer than this judge."""
        self._receipts[receipt.step] = receipt
        self.digests.trust(receipt)
        for seen in receipt.outs:
            self._contents.pop(seen.path, None)

    def receipt(self, name: str) -> Receipt | None:
        """The step's receipt, read once."""
        if name not in self._receipts:
            self._receipts[name] = read_receipt(name)
        return self._receipts[name]

    def content(self, path: str) -> Digest | None:
        """What a path holds, asked once."""
        if path not in self._contents:
            self._contents[path] = self.digests.of(path)
        return self._contents[path]

    def recorded(self, step: PlannedStep, path: str) -> set[str]:
        """The md5s that runs on record gave to one of the step's outputs."""
        receipt = self.receipt(step.name)
        runs = [self._locked(step), receipt.run if receipt else None]
        return {run.outs[path] for run in runs if run and path in run.outs}

    def note_code(self, steps: Iterable[PlannedStep]) -> None:
        """Remember what the code of these steps does, to know later which edits change nothing."""
        for step in steps:
            for path in filter(is_code, step.deps if step.notebook else ()):
                if content := self.content(path):
                    self._versions.note_file(path, content.md5)
        self._versions.save()

    def locked_contents(self) -> list[Digest]:
        """What the outputs of all steps are by dvc.lock."""
        steps = self.plan.steps.values()
        cached = {out.path for step in steps for out in step.outs if out.cache}
        given = [step.locked_outs(self._lock.get(step.name, {})) for step in steps]
        return [each for outs in given for path, each in outs.items() if path in cached]

    def _now(self, step: PlannedStep) -> Run:
        """The run that would give what is on disk from what is on disk."""
        paths = (*step.deps, *step.out_paths)
        new = {path: self.digests.known(path) for path in paths if path not in self._contents}
        self._contents |= {path: content for path, content in new.items() if content}
        if not all(new.values()) and (receipt := self.receipt(step.name)):
            self._contents |= self.digests.trust(receipt)
        return step.run({path: self.content(path) for path in paths})

    def _locked(self, step: PlannedStep) -> Run | None:
        entry = self._lock.get(step.name)
        return step.declared(step.locked_run(entry)) if entry else None

    def _combined_by(self, step: PlannedStep) -> tuple[str, ...]:
        """Why what dvc.lock records of the step is no run; () where it may be one."""
        reason = self._combined.get(step.name)
        return (reason,) if reason else ()

    def _on_frozen(self, step: PlannedStep) -> Verdict:
        """DVC takes what a frozen stage wrote as it is, and looks at nothing else."""
        now, lock = self._now(step), self._locked(step)
        missing = tuple(f"{path} is missing" for path, md5 in sorted(now.outs.items()) if not md5)
        if missing:
            return Verdict(step=step, state="stale", reasons=missing)
        locked = lock is not None and (lock.cmd, lock.outs) == (now.cmd, now.outs)
        settled = locked or all(now.deps.values())
        reasons = self._combined_by(step)
        state: State = "stale" if reasons else "fresh"
        return Verdict(step=step, state=state, reasons=reasons, settled=settled, locked=locked)

    def _by_content(self, step: PlannedStep) -> Verdict:
        now, lock, combined = self._now(step), self._locked(step), self._combined_by(step)
        if now == lock and not combined:
            return _fresh(step, locked=True)
        receipt = self.receipt(step.name)
        last = step.declared(receipt.run) if receipt and not receipt.refused else lock
        runs = [run for run in (last, lock) if run and not (combined and run == lock)]
        if now in runs:
            return _fresh(step, locked=False)
        for then in runs:
            if paths := self._same_code(step, then, now):
                return _fresh(step, locked=False)._replace(same_code=paths)
        deps = {path: content for path in step.deps if (content := self.content(path))}
        known = len(deps) == len(step.deps) and find_outputs(self.plan.cache, step, deps)
        return Verdict(
            step=step,
            state="stale" if last else "never run",
            reasons=combined
            or tuple(differing(last, now, receipt) if last else _unmade(step, now)),
            restorable=bool(known),
            failure=read_failure(step.name),
            acceptable=_may_be_right(last, now),
        )

    def _same_code(self, step: PlannedStep, then: Run, now: Run) -> tuple[str, ...]:
        """The files in which alone the runs differ, where these are the same programs."""
        if not step.notebook or then._replace(deps=now.deps) != now or {*then.deps} != {*now.deps}:
            return ()
        changed = sorted(path for path, md5 in now.deps.items() if then.deps[path] != md5)
        are_same, passed = self._versions.are_same, options_of(step.argv)
        same = all(
            is_code(each) and are_same(each, then.deps[each], now.deps[each], passed)
            for each in changed
        )
        return tuple(changed) if same else ()


def _may_be_right(then: Run | None, now: Run) -> bool:
    """Whether results are there, made with these values and data as far as anything is known."""
    if not all((*now.outs.values(), *now.deps.values())):
        return False
    return then is None or (then.params == now.params and _data(then) == _data(now))


def _data(run: Run) -> dict[str, str]:
    """The deps of a run that are no code, with their digests."""
    return {path: md5 for path, md5 in run.deps.items() if not is_code(path)}


def options_of(argv: Iterable[str]) -> frozenset[str]:
    """The options that a command gives, those of ``--no-option`` included."""
    given = [word.partition("=")[0] for word in argv if word.startswith("--")]
    return frozenset([*given, *(f"--{word[5:]}" for word in given if word.startswith("--no-"))])


def is_code(path: str) -> bool:
    """Whether a dep is code, of which only what it does counts."""
    return path.endswith(".py")


def same_code_lines(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """A line for each step whose result stays though a file of its code has another digest."""
    for verdict in verdicts:
        if verdict.same_code:
            files = ", ".join(verdict.same_code)
            yield f"{verdict.step.name}: {ONLY_TEXT} {files}; its result stays"


def _fresh(step: PlannedStep, *, locked: bool) -> Verdict:
    if step.always:
        reasons = (RUNS_EACH_TIME,)
        return Verdict(step=step, state="stale", reasons=reasons, settled=True, locked=locked)
    return Verdict(step=step, state="fresh", settled=True, locked=locked)


def _outdated(verdict: Verdict, reasons: tuple[str, ...]) -> Verdict:
    """The verdict on a step of which the notebook has other code than the script."""
    return verdict._replace(
        state="stale" if verdict.state == "fresh" else verdict.state,
        reasons=(*reasons, *verdict.reasons),
        settled=False,
        locked=False,
        restorable=False,
        acceptable=verdict.acceptable or verdict.state == "fresh",
    )


def is_missing(path: str) -> str:
    """The reason that a dep or an output is not there."""
    return f"{path} is missing"


def is_left(path: str) -> str:
    """The reason that an output is nowhere but in the DVC remote, where a job has left it."""
    return f"{path} is in the DVC remote alone; nbsnake pull brings it"


def changed(path: str) -> str:
    """The reason that a dep has another content."""
    return f"{path} changed"


def differing(then: Run, now: Run, receipt: Receipt | None) -> Iterator[str]:
    """Why a run on record is not one of today: what it used or gave and what there is now."""
    if receipt and receipt.refused:
        yield receipt.refused
    values = sorted(set(_changed_params(then.params, now.params)))
    yield from values
    if then.cmd != now.cmd and not values:
        yield "the command changed"
    for path in sorted(now.deps):
        if path not in then.deps:
            yield f"{path} is a new dependency"
        elif then.deps[path] != now.deps[path]:
            yield changed(path) if now.deps[path] else is_missing(path)
    yield from _changed_outs(then.outs, now.outs)


def _changed_outs(then: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    for path in sorted(now):
        if path not in then:
            yield f"{path} is a new output"
        elif not now[path]:
            yield is_left(path) if md5_is_left(then[path]) else is_missing(path)
        elif then[path] != now[path]:
            yield f"{path} is not what the step wrote"


def _unmade(step: PlannedStep, now: Run) -> Iterator[str]:
    """A file from before the first run is not a result, though Snakemake accepts it as one."""
    for path in sorted(now.outs):
        if now.outs[path]:
            unfinished = is_unfinished(step, path)
            yield (
                f"{path} is of a run that did not end" if unfinished else f"{path} was there before"
            )


def is_unfinished(step: PlannedStep, path: str) -> bool:
    """Whether a job wrote it that did not end well."""
    failure = read_failure(step.name)
    return was_cut_off(step.name) or bool(failure and os.lstat(path).st_mtime <= failure.ended)


def _changed_params(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """A key identifies the value, in whichever file: a client's file may give it from now on."""
    before = {key: value for values in then.values() for key, value in values.items()}
    after = {key: value for values in now.values() for key, value in values.items()}
    for key in {*before, *after}:
        if key not in after:
            yield f"{key} was {before[key]!r}, value removed"
        elif key not in before:
            yield f"{key} is new: {after[key]!r}"
        elif before[key] != after[key]:
            yield f"{key} was {before[key]!r}, now {after[key]!r}"
    if then != now and before == after:
        yield "a value comes from another file"
