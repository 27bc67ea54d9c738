"""What came back from a job, of which nothing is trusted.

A job says what it wrote by digests, and sends objects. No path in the archive is used: an object is
written by its md5 into a cache of its own and must have that md5, the outputs are those of the
plan, and they get into the project as they get there from DVC's cache.
"""

import contextlib
import hashlib
import os
import shutil
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

from nbsnake.errors import ToolError
from nbsnake.job.atomic import beside
from nbsnake.job.away import END, FAILURE, LOG, MEMBERS, NOTEBOOK, OBJECTS, RECEIPT
from nbsnake.job.cache import READ_ONLY, Cache
from nbsnake.job.content import absent_of, is_md5
from nbsnake.job.exec import Start, end, store_result
from nbsnake.job.executed import facts_of, save
from nbsnake.job.inside import UnsafePathError
from nbsnake.job.jobs import Job
from nbsnake.job.receipt import FORMAT, Failure, Receipt, receipt_from, write_failure
from nbsnake.job.shape import ShapeError, from_json, parse

LARGEST_TEXT = 1 << 28  # bytes of a receipt or a notebook
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)


class ResultError(ToolError):
    """What a job sent back cannot be its result."""


class Result(NamedTuple):
    """The exit code of a job, its record and its notebook, and a cache with the objects it sent.

    ``slots`` are the numbers of those that it sent apart.
    """

    code: int
    record: Any
    notebook: dict[str, Any] | None
    cache: Cache
    slots: dict[str, int]


Bring = Callable[[Receipt, Result], set[str]]  # as in nbsnake.remote.apart


@contextlib.contextmanager
def opened(path: str, folder: str) -> Iterator[Result]:
    """The result in a tar archive, with its objects in ``folder`` until the end.

    What the job printed is printed. Raises :class:`ResultError`.
    """
    cache = Cache(folder)
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        yield _read(path, cache)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read(path: str, cache: Cache) -> Result:
    texts: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                _read_member(archive, member, texts, cache)
        ended = from_json(texts[END])
        code = parse(int, ended.get("code"), "code")
        record = from_json(texts.get(FAILURE if code else RECEIPT, b"null"))
        return Result(code, record, _notebook(texts.get(NOTEBOOK)), cache, _slots(ended))
    except (tarfile.TarError, EOFError, ValueError, KeyError, AttributeError) as error:
        raise ResultError(f"the result of the job is damaged: {error}") from None


def _read_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, texts: dict[str, bytes], cache: Cache
) -> None:
    file = archive.extractfile(member) if member.type in _FILES else None
    if file is None or member.issparse():
        raise ResultError(f"the result of the job contains {member.name!r}, which is no file")
    md5 = member.name.removeprefix(OBJECTS)
    if member.name == LOG:
        shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()
    elif member.name in MEMBERS and member.size <= LARGEST_TEXT:
        texts[member.name] = file.read()
    elif member.name != md5 and is_md5(md5):
        _write_object(file, cache.object_path(md5), md5.removesuffix(".dir"))
    else:
        raise ResultError(f"the result of the job contains {member.name!r}, which is none of it")


def _write_object(source: IO[bytes], path: str, md5: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    found, temporary = hashlib.md5(), beside(path)
    with open(temporary, "xb") as file:
        while block := source.read(1 << 20):
            found.update(block)
            file.write(block)
    if found.hexdigest() != md5:
        raise ResultError(f"the result of the job is damaged: an object is not {md5}")
    os.chmod(temporary, READ_ONLY)
    os.replace(temporary, path)


def _slots(ended: dict[str, Any]) -> dict[str, int]:
    slots: dict[str, int] = parse(dict[str, int], ended.get("slots", {}), "slots")
    if any(md5.endswith(".dir") or not is_md5(md5) for md5 in slots):
        raise ShapeError("slots", "numbers by md5")
    return slots


def _notebook(text: bytes | None) -> dict[str, Any] | None:
    notebook = from_json(text) if text else None
    if notebook is None:
        return None
    cells = parse(tuple[dict[str, Any], ...], notebook.get("cells"), "cells")
    metadata = parse(dict[str, Any], notebook.get("metadata"), "metadata")
    return {**notebook, "cells": [*cells], "metadata": metadata}


def take(job: Job, command: list[str], start: Start, result: Result, bring: Bring) -> int:
    """Make the result the step's; the exit code.

    ``bring`` gets what the job sent apart. Raises :class:`ResultError`.
    """
    if result.code:
        return _take_failure(job, result)
    reported = _receipt(job, start, result.record)
    staying = bring(reported, result)
    for seen in reported.outs:
        try:
            if seen.path in staying:
                absent_of(seen.content).place(seen.path)
            else:
                result.cache.restore(seen.content, seen.path)
        except UnsafePathError:
            raise
        except (OSError, ValueError) as error:
            raise ResultError(f"the result of the job lacks {seen.path}: {error}") from None
    receipt = _of_job(store_result(job, command, start), reported)
    if result.notebook:
        result.notebook["metadata"]["nbsnake"] = facts_of(receipt)
    end(job, receipt, result.notebook)
    return 0


def _receipt(job: Job, start: Start, record: Any) -> Receipt:
    step = job.step
    try:
        fields = parse(dict[str, Any], record)
        if fields.pop("format", None) != FORMAT:
            raise ShapeError("format", str(FORMAT))
        reported = receipt_from(fields, step.name)
    except ValueError as error:
        raise ResultError(f"the receipt of the job is damaged: {error}") from None
    for seen in reported.deps:
        if start.contents.get(seen.path) != seen.content:
            raise ResultError(f"the job read another {seen.path} than the one that is here")
    if [seen.path for seen in reported.deps] != [*start.contents]:
        raise ResultError("the job read other files than the step's")
    if sorted(seen.path for seen in reported.outs) != sorted(out.path for out in step.outs):
        raise ResultError("the job wrote other files than the step's")
    return reported


def _of_job(receipt: Receipt, reported: Receipt) -> Receipt:
    """Our own receipt of what is here, with the job's time, machine and use.

    The clocks of two machines differ: the job ended when its result came.
    """
    return receipt._replace(
        started=receipt.ended - max(0.0, min(reported.ended - reported.started, receipt.ended)),
        host=reported.host,
        cpu_seconds=reported.cpu_seconds,
        peak_memory=reported.peak_memory,
        refused=receipt.refused or reported.refused,
        python=reported.python,
        platform=reported.platform,
        packages=reported.packages,
        undeclared=reported.undeclared,
    )


def _take_failure(job: Job, result: Result) -> int:
    step = job.step.name
    code = result.code if 0 < result.code < 256 else 3
    try:
        failure: Failure = parse(Failure, result.record)._replace(step=step, exit_code=code)
    except ShapeError:  # it failed before the step's command did
        failure = Failure(step, code, 0.0)
    write_failure(failure._replace(ended=time.time()))
    if result.notebook:
        save(result.notebook, step, "", failed=True)
    return code
