"""From the cache to the workspace: results that are on record need not be computed again."""

import time
from dataclasses import dataclass

from nbsnake.content import Digest, stamp
from nbsnake.digests import Digests
from nbsnake.exec import find_outputs, receipt_of
from nbsnake.freshness import Judge
from nbsnake.plan import Plan, PlannedStep
from nbsnake.receipt import Receipt, Seen, write_receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """``steps`` are back as they were; ``kept`` are outputs that were not overwritten, because
    their content is nowhere else."""

    steps: tuple[str, ...]
    kept: tuple[str, ...]


def restore(plan: Plan, digests: Digests, *, force: bool = False) -> Restored:
    """Bring back every stale step whose result the cache has, upstream steps first.

    An output that was changed by hand, so that the cache does not have it, is overwritten only
    with ``force``.
    """
    judge = Judge(plan, digests)
    steps: list[str] = []
    kept: list[str] = []
    for step in plan.steps.values():
        verdict = judge.verdict(step)
        if verdict.state == "fresh" or verdict.waits:
            continue
        deps = {path: content for path in step.deps if (content := digests.of(path))}
        outs = find_outputs(plan.cache, step, deps) if len(deps) == len(step.deps) else None
        if outs is None:
            continue
        unsaved = [path for path in outs if not _is_saved(plan, digests.of(path))]
        if unsaved and not force:
            kept += unsaved
            continue
        judge.restored(_bring_back(plan, step, deps, outs))
        judge.verdict(step)
        steps.append(step.name)
    return Restored(steps=tuple(steps), kept=tuple(kept))


def _is_saved(plan: Plan, content: Digest | None) -> bool:
    return content is None or plan.cache.has(content)


def _bring_back(
    plan: Plan, step: PlannedStep, deps: dict[str, Digest], outs: dict[str, Digest]
) -> Receipt:
    now = time.time()
    for path, content in outs.items():
        plan.cache.restore(content, path)
    seen = [Seen(path, content, stamp(path)) for path, content in deps.items()]
    receipt = receipt_of(step, step.argv, seen, outs, now, restored=True)
    write_receipt(receipt)
    return receipt
