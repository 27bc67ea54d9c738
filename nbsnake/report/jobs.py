"""When the jobs of results ran, by what is on record."""

from typing import Any

from nbsnake.job.executed import notebook_path
from nbsnake.job.own import read_own
from nbsnake.job.receipt import Receipt
from nbsnake.report.timeline import Job


def job_of(receipt: Receipt) -> Job | None:
    """When the job of a result ran; of a restored one, by its notebook."""
    if receipt.accepted:
        return None
    if not receipt.restored:
        return Job(receipt.step, receipt.started, receipt.ended, receipt.host)
    return job_of_notebook(receipt.step, read_own(notebook_path(receipt.step)))


def job_of_notebook(step: str, document: Any) -> Job | None:
    """When the job of an executed notebook ran; None for what is no such notebook."""
    try:
        facts = document["metadata"]["nbsnake"]
        return Job(step, float(facts["started"]), float(facts["ended"]), str(facts["host"]))
    except (KeyError, TypeError, ValueError):
        return None
