"""How jobs are started, asked for and cancelled: a file ``workflow/remote/NAME.yaml``.

Words are put in where a text contains the name of one in braces, also inside of ``input``, which
reaches the submitting command as JSON. So no value is ever a part of a shell's or YAML's syntax,
unless the author of the file puts it there.
"""

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any, NamedTuple

from nbsnake.errors import NbsnakeError, PipelineError, ToolError, Where, raise_all
from nbsnake.job.outputs import LEAVES
from nbsnake.job.regular import read_regular
from nbsnake.job.shape import ShapeError, parse
from nbsnake.places import place_of
from nbsnake.programs import in_one_line
from nbsnake.yaml_limits import limited_time

FOLDER = "workflow/remote"
VARIABLE = "NBSNAKE_REMOTE"
OWN_WORDS = ("name", "start", "threads")
SUCCESS, FAILED, RUNNING = "success", "failed", "running"
POLL = 5.0  # seconds
LARGE = 1 << 20  # bytes of a file that is worth a request of its own
PATIENCE = 120.0  # seconds for which a command may take
_FIELDS: dict[str, Any] = {
    "submit": tuple[str, ...],
    "input": Any,
    "status": tuple[str, ...],
    "success": tuple[str, ...],
    "failed": tuple[str, ...],
    "reason": tuple[str, ...],
    "find": tuple[str, ...],
    "cancel": tuple[str, ...],
    "poll": float,
    "remote": str,
    "leave": int,
    "values": dict[str, str],
    "steps": dict[str, dict[str, str]],
}
_NEEDED = ("submit", "status", "cancel")


class Template(NamedTuple):
    """Commands as words, of which ``submit`` prints the job's id as its last line.

    What ``status`` prints contains one of the words in ``success`` or ``failed`` when the job has
    ended. ``reason`` prints why one waits or has failed, () where ``status`` does. ``find`` prints
    the id of the job with a name, () where that cannot be asked. ``poll`` is the number of seconds
    between two questions, ``remote`` the DVC remote, "" for the default one.
    Files of at least ``leave`` bytes that only other steps read stay in it, none for None.
    ``values`` are words of the author's own, and ``steps`` those of one step.
    """

    file: str
    submit: tuple[str, ...]
    status: tuple[str, ...]
    cancel: tuple[str, ...]
    input: Any = None
    success: tuple[str, ...] = (SUCCESS,)
    failed: tuple[str, ...] = (FAILED,)
    reason: tuple[str, ...] = ()
    find: tuple[str, ...] = ()
    poll: float = POLL
    remote: str = ""
    leave: int | None = None
    values: dict[str, str] = {}  # noqa: RUF012  (never changed)
    steps: dict[str, dict[str, str]] = {}  # noqa: RUF012  (never changed)

    @property
    def apart(self) -> int:
        """The bytes from which on a file of a result travels by itself."""
        return LARGE if self.leave is None else min(LARGE, self.leave)

    def leaves(self) -> bool:
        """Whether the session that started this process lets outputs stay in the remote."""
        return self.leave is not None and os.environ.get(LEAVES) == "1"

    def start(self, step: str, words: Mapping[str, str]) -> str:
        """Submit a job, and return its id. Raises :class:`ToolError` where that fails."""
        given = {**self._words(step), **words}
        data = None if self.input is None else json.dumps(_filled(self.input, given))
        done = self._call(_filled(self.submit, given), data)
        if done.returncode or not _last_line(done):
            with contextlib.suppress(ToolError):  # what the submission itself said counts
                if job := self.job_named(words["name"], step):
                    return job  # only the answer was lost
        return self._id(done, "the job was not submitted")

    def job_named(self, name: str, step: str) -> str:
        """The id of the step's job with that name, "" where there is none or nobody can be asked.

        Raises :class:`ToolError` without an answer.
        """
        if not self.find:
            return ""
        done = self._call(_filled(self.find, {**self._words(step), "name": name}))
        if done.returncode == 0 and not _last_line(done):
            return ""
        return self._id(done, f"whether there is a job {name} is not known")

    def _words(self, step: str) -> dict[str, str]:
        return {**self.values, **self.steps.get(step, {})}

    def _id(self, done: "subprocess.CompletedProcess[str]", fault: str) -> str:
        """The last line of what was printed. Raises :class:`ToolError` with the ``fault``."""
        if done.returncode == 0 and (job := _last_line(done)):
            return job
        printed = in_one_line(f"{done.stderr}\n{done.stdout}") or "nothing"
        raise ToolError(
            f"{fault}: {done.args[0]} ended with {done.returncode} and printed {printed}",
            where=Where(self.file),
        )

    def ask(self, job: str) -> tuple[str, str]:
        """The state of a job, and what the command printed; no answer means that it runs."""
        done = self._call(_filled(self.status, {"job": job}))
        printed = f"{done.stdout}\n{done.stderr}"
        for state, names in ((FAILED, self.failed), (SUCCESS, self.success)):
            # "failed" is also a word for what the tool itself could not do.
            said = done.stdout if names == (state,) else printed
            if {*names}.intersection(re.findall(r"[\w-]+", said)):
                return state, in_one_line(printed)
        return RUNNING, in_one_line(printed)

    def why(self, job: str) -> str:
        """What is printed of the reason why a job waits or has failed."""
        if not self.reason:
            return ""
        done = self._call(_filled(self.reason, {"job": job}))
        return " ".join((done.stdout if done.returncode == 0 else done.stderr).split())

    def stop(self, job: str) -> None:
        """Cancel a job; one that has ended is fine."""
        self._call(_filled(self.cancel, {"job": job}))

    def _call(
        self, command: list[str], data: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Raises :class:`ToolError` for a command that does not exist."""
        try:
            return subprocess.run(
                command,
                input="" if data is None else data,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PATIENCE,
                start_new_session=True,  # so that Ctrl-C does not end it half-way
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 1, "", f"no answer in {PATIENCE:.0f} s")
        except OSError as error:
            raise ToolError(
                f"cannot run {command[0]}: {error.strerror}", where=Where(self.file)
            ) from None


def _last_line(done: "subprocess.CompletedProcess[str]") -> str:
    lines = (line.strip() for line in reversed(done.stdout.split("\n")))
    return next(filter(None, lines), "")


def read_template(path: str) -> Template:
    """Read the file. Raises :class:`PipelineError`, with all faults at once."""
    import yaml  # slow, and for --remote only

    try:
        text = read_regular(path).decode()
        with limited_time(text):
            fields = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PipelineError(
            f"cannot be read: {' '.join(str(error).split())}", where=Where(path)
        ) from None
    if not isinstance(fields, dict):
        raise PipelineError("is not a mapping of settings", where=Where(path))
    faults = [*_faults(path, fields)]
    raise_all(faults)
    if not faults:
        fields = {name: parse(_FIELDS[name], value) for name, value in fields.items()}
    return Template(path, **fields)


def _faults(path: str, fields: dict[str, Any]) -> "list[NbsnakeError]":
    found: list[NbsnakeError] = [
        PipelineError(f"there is no {name!r}", where=Where(path))
        for name in _NEEDED
        if name not in fields
    ]
    for name, value in fields.items():
        if name not in _FIELDS:
            known = ", ".join(_FIELDS)
            fault = f"{name!r} is none of {known}"
        else:
            fault = _fault(name, value)
        if fault:
            found.append(PipelineError(fault, where=place_of(path, (name,))))
    return found


def _fault(name: str, value: Any) -> str:
    try:
        found = parse(_FIELDS[name], value, name)
    except ShapeError as error:
        return str(error)
    if name in (*_NEEDED, "find") and not found:
        return f"{name} is empty"
    if name == "poll" and not found > 0:
        return "poll is not a number of seconds above 0"
    if name == "leave" and found < 0:
        return "leave is not a number of bytes"
    own = {*OWN_WORDS, "job"}
    given = {**found} if name == "values" else {}
    for each in found.values() if name == "steps" else ():
        given |= each
    taken = sorted(own & given.keys())
    return f"{name} cannot have {', '.join(taken)}, which nbsnake itself puts in" if taken else ""


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    """The value with words put in; other texts in braces stay as they are."""
    if isinstance(value, str):
        names = "|".join(map(re.escape, words))
        return re.sub(rf"\{{({names})\}}", lambda found: words[found[1]], value)
    if isinstance(value, dict):
        return {name: _filled(each, words) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(each, words) for each in value]
    return value
