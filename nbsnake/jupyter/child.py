"""Processes of nbsnake that work in a project, while the server's loop goes on."""

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any, NamedTuple

from nbsnake.programs import python_call

WORKER = "nbsnake.jupyter.worker"


class Done(NamedTuple):
    """How a process ended, and what it printed."""

    code: int
    out: str
    err: str


async def call(root: Path, *words: str) -> Done:
    """Run an nbsnake command in a project to its end."""
    return await _communicate(root, python_call("nbsnake", *words))


async def ask(root: Path, operation: str, **request: Any) -> dict[str, Any]:
    """The answer of a worker; one that died answers with the fault."""
    done = await _communicate(root, python_call(WORKER, operation), json.dumps(request))
    try:
        answer: dict[str, Any] = json.loads(done.out)
    except ValueError:
        return {"fault": done.err.strip()[-2000:] or f"exit code {done.code}"}
    return answer


async def _communicate(root: Path, words: list[str], text: str = "") -> Done:
    process = await asyncio.create_subprocess_exec(
        *words, cwd=root, stdin=PIPE if text else DEVNULL, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate(text.encode() if text else None)
    return Done(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))
