"""Large files of a result, each in the remote by itself: which come here, and which stay there."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from nbsnake.job.cache import READ_ONLY, Cache
from nbsnake.job.content import absent_of, md5_of_file
from nbsnake.job.inner import inner_outs
from nbsnake.job.jobs import Job
from nbsnake.job.plan import PlannedStep, read_plan
from nbsnake.job.receipt import Receipt, Seen
from nbsnake.job.transfer import fetch
from nbsnake.remote.processes import ask
from nbsnake.remote.result import Result, ResultError
from nbsnake.remote.runs import Run
from nbsnake.remote.template import Template

STREAMS = 4  # files that come at the same time


def bring(job: Job, run: Run, template: Template, reported: Receipt, result: Result) -> set[str]:
    """Fetch the large files of a result into its cache; the paths of outputs that stay.

    What stays is known to be in the remote. Raises :class:`ToolError` where the remote fails, and
    :class:`ResultError` for a file that is not what the job says.
    """
    own = {md5 for seen in reported.outs for md5 in _md5s(seen, result.cache)}
    slots = {md5: slot for md5, slot in result.slots.items() if md5 in own}
    if not slots:
        return set()
    request = {"name": run.name, "remote": template.remote, "cache": job.cache._asdict()}
    fault = "the DVC remote did not take the result of the job"
    found = ask("nbsnake.remote.keep", {**request, "slots": slots}, fault)
    staying = [
        seen
        for seen in reported.outs
        if seen.path in _may_stay(job.step, template) and seen.content.md5 in found["kept"]
        if seen.content.size >= (template.leave or 0)
    ]
    needed = {
        md5 for seen in reported.outs if seen not in staying for md5 in _md5s(seen, result.cache)
    }
    for seen in staying:
        absent_of(seen.content).note()
    urls = {md5: found["urls"][md5] for md5 in slots if md5 in needed}
    with ThreadPoolExecutor(STREAMS) as pool:
        for _ in pool.map(lambda md5: _fetch(urls[md5], md5, result.cache), urls):
            pass
    return {seen.path for seen in staying}


def _md5s(seen: Seen, cache: Cache) -> Iterator[str]:
    yield seen.content.md5
    yield from cache.listed(seen.content) or ()


def _fetch(url: str, md5: str, cache: Cache) -> None:
    path = cache.object_path(md5)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fetch(url, path)
    if md5_of_file(path) != md5:
        raise ResultError(f"the result of the job is damaged: an object is not {md5}")
    os.chmod(path, READ_ONLY)


def _may_stay(step: PlannedStep, template: Template) -> set[str]:
    """The outputs of a step that this machine does not need while others run."""
    plan = read_plan() if template.leaves() else None
    return set() if plan is None else inner_outs(plan, step)
