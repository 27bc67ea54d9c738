"""Whether Snakemake is needed at all: it is not where nothing is left to run.

To start it and let it read all rules takes seconds. The verdicts decide without it where the
workflow has no rules but nbsnake's, and no setting that makes Snakemake run what is fresh.
"""

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from nbsnake.cluster.slurm.jobs import cancel_waiting_jobs, end_left_jobs
from nbsnake.job.digests import read_digests
from nbsnake.job.plan import Plan
from nbsnake.job.running import become_head, wait_for_orphans
from nbsnake.job.rwlock import wait_for_writers
from nbsnake.job.say import say
from nbsnake.merging.drivers import MERGES_FOR_GIT, install_drivers
from nbsnake.remote import left
from nbsnake.results.freshness import Judge, Verdict, same_code_lines
from nbsnake.results.places import check_places, hide_values
from nbsnake.results.prepare import prepare
from nbsnake.results.sync import Synced, changed_sources, sync
from nbsnake.snakemake.unread import has_only_own_rules, text_of

NOTHING = "nothing to be done: all steps are fresh"
NOTHING_OF = "nothing to be done: the steps that were asked for are fresh"
DEFAULT_PROFILE = "workflow/profiles/default"
# Settings of a profile that say how jobs run, and not which.
_HOW = re.compile(
    r"cores|jobs|local-cores|executor|scheduler|latency-wait|retries|restart-times|keep-going"
    r"|rerun-incomplete|show-failed-logs|printshellcmds|quiet|logger|max-jobs-per-second|resources"
    r"|max-status-checks-per-second|(default|set)-resources|set-threads|group-components|jobname"
    r"|software-deployment-method|use-conda|conda-prefix|(slurm|cluster-generic)-[a-z-]+"
)
_SETTING = re.compile(r"^([^\s#][^:]*):", re.MULTILINE)


def bring_up_to_date(plan: Plan, targets: Collection[str], profile: str = "") -> Synced | None:
    """Restore what the ``targets`` need, and lock it; None where steps are left to run.

    Then, or where that cannot be known, Snakemake has to be called. ``profile`` is the folder of
    the workflow profile that it would use.
    """
    if not has_only_own_rules() or not _says_only_how(profile or DEFAULT_PROFILE):
        return None
    lock = become_head()
    if lock is None:
        return None  # Snakemake says who is at work
    with lock:
        return _bring_up_to_date(plan, targets)


def _bring_up_to_date(plan: Plan, targets: Collection[str]) -> Synced | None:
    check_places(plan)
    hide_values()
    cancel_waiting_jobs()
    wait_for_orphans()
    end_left_jobs()
    wait_for_writers(plan)
    digests = read_digests()
    left.begin(plan, reads_all=True)
    judge, needed = Judge(plan, digests), plan.needed_for(targets)
    may_be_done = all(map(_can_be_fresh, _of(judge.verdicts(), needed)))
    verdicts = _of(prepare(judge, targets), needed) if may_be_done else []
    is_done = may_be_done and all(verdict.state == "fresh" for verdict in verdicts)
    synced = _locked(judge, verdicts) if is_done else None
    digests.save()
    if is_done:
        left.end(plan, targets)
    return synced


def _locked(judge: Judge, verdicts: Iterable[Verdict]) -> Synced | None:
    """What was locked, for the steps are done; None where that is refused."""
    plan, digests = judge.plan, judge.digests
    if all(verdict.locked for verdict in verdicts) and not changed_sources(plan.tracked, digests):
        synced = Synced(notes=tuple(same_code_lines(verdicts)))
    else:
        synced = sync(plan, digests)
        if synced.refused:
            return None
    for message in (judge.unseen, judge.legacy, *plan.left_lines()):
        if message:
            say(message)
    if not plan.no_scm and (merged := install_drivers()):
        say(f"{MERGES_FOR_GIT}: {', '.join(merged)}")
    return synced


def _of(verdicts: dict[str, Verdict], names: Collection[str]) -> list[Verdict]:
    return [verdict for name, verdict in verdicts.items() if name in names]


def _can_be_fresh(verdict: Verdict) -> bool:
    """Whether the step is fresh, or may be when others and its own result are restored."""
    return verdict.settled or verdict.restorable or (bool(verdict.waits) and not verdict.reasons)


def _says_only_how(profile: str) -> bool:
    """Whether no profile that Snakemake takes says which jobs run."""
    if os.environ.get("SNAKEMAKE_PROFILE") or os.path.isdir("profiles/default"):
        return False
    texts = [text_of(str(path)) for path in Path(profile).glob("*.y*ml")]
    return all(_HOW.fullmatch(name.strip("\"'")) for name in _SETTING.findall("\n".join(texts)))
