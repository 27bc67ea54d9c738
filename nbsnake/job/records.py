"""Snakemake's own records of finished jobs, one JSON file for each output.

Standard library only: this runs inside every job. The format is that of Snakemake 9
(``RECORD_FORMAT_VERSION`` 6 in ``snakemake.persistence``): the file's name below
``.snakemake/metadata`` is the URL-safe base64 of the output's path, cut into folders that start
with ``@`` where it is longer than a file name may be. A field that is null means "unknown".
"""

import contextlib
import json
import os
from typing import Any

from nbsnake.job.atomic import write_atomically
from nbsnake.job.inside import inside
from nbsnake.job.own import readers_of_params
from nbsnake.job.regular import read_regular
from nbsnake.job.shape import from_json, parse

METADATA = ".snakemake/metadata"
INCOMPLETE = ".snakemake/incomplete"
FORMAT = 6
TOUCH_SECONDS = 0.05  # within which a file's two times are set by one touch
CLOCK_SLACK = 1.0  # seconds by which the clocks of a node and of its file server may differ


def read_record(output: str) -> dict[str, Any] | None:
    """What Snakemake knows of ``output``; None where it knows nothing."""
    try:
        data = read_regular(_path(METADATA, output))
        record: dict[str, Any] = parse(dict[str, Any], from_json(data))
        for name in ("starttime", "endtime"):
            parse(float | None, record.get(name), name)
        parse(list[str] | None, record.get("params"), "params")
    except (OSError, ValueError):
        return None
    return record


def write_record(output: str, record: dict[str, Any], *, complete: bool) -> None:
    """Write what Snakemake knows of ``output``; where ``complete``, the job counts as finished.

    ``record["params"]`` are the sorted ``repr`` of the values of the rule's parameters.
    """
    record = {**record, "record_format_version": FORMAT, "incomplete": False}
    data, limit = json.dumps(record).encode(), readers_of_params()
    write_atomically(_path(METADATA, output), data, limit=limit, durable=False)
    if complete:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(inside(_path(INCOMPLETE, output)))


def is_incomplete(output: str) -> bool:
    """Whether Snakemake noted that a job for this output did not end."""
    return os.path.exists(_path(INCOMPLETE, output))


def touched_since(path: str, started: float, ended: float) -> bool:
    """Whether the only change of ``path`` since a job ended is the touch that Snakemake gives.

    Snakemake sets each output's modification time when its job has finished, and records that
    time. So the file's time equals the record's, and the record is of the job that ran from
    ``started`` to ``ended``: a later ``snakemake --touch`` begins after it. Whoever edits the file
    and sets its time back changes the file's own record later than that.
    """
    record = read_record(path)
    if not record or not record.get("starttime") or not record.get("endtime"):
        return False
    is_of_this_job = (
        record["starttime"] <= started + CLOCK_SLACK and record["endtime"] >= ended - CLOCK_SLACK
    )
    status = os.stat(path)
    is_last_change = status.st_ctime - status.st_mtime <= TOUCH_SECONDS
    return bool(is_of_this_job and is_last_change and record["endtime"] == status.st_mtime)


def _path(folder: str, output: str) -> str:
    import binascii  # a library, and seldom needed

    text = binascii.b2a_base64(output.encode(), newline=False).decode()
    name = text.replace("+", "-").replace("/", "_")
    longest = os.pathconf(".", "PC_NAME_MAX") - 1
    parts = [name[start : start + longest] for start in range(0, len(name), longest)]
    return os.path.join(folder, *(f"@{part}" for part in parts[:-1]), parts[-1])
