"""Give nbsnake mutated notebooks, and see to it that it does nothing but answer.

``mutation_worker.py CORPUS FIRST LAST STEP WORK`` takes every STEPth number from FIRST to LAST and
writes WORK/result.json. Memory is limited, each notebook has some seconds, and an audit hook
notes all that touches the system. WORK/now is the number at hand, should the process die of it.
"""

import difflib  # noqa: F401  # imported for a hint, and the seeds get none
import faulthandler
import json
import mmap
import os
import resource
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import jinja2.debug  # noqa: F401  # each copy that works out a faulty template imports it
import mutate
from corpus_files import notebooks_of

from nbsnake.compile.bind import script_arguments
from nbsnake.compile.compile import compile_step
from nbsnake.errors import Faults, NbsnakeError
from nbsnake.model.pipeline import Pipeline
from nbsnake.notebook import limited
from nbsnake.notebook.read import parse_notebook
from nbsnake.notebook.read_step import read_any, read_step
from nbsnake.notebook.spec import PLAIN, Reading
from nbsnake.render.dvc_file import render_dvc_file
from nbsnake.render.rule import render_rule
from nbsnake.render.script import render_plain_script, render_script

MEMORY = 2 << 30
SECONDS = 5  # of computing, for other processes may keep this one waiting
PATH = "notebooks/a.ipynb"
FORBIDDEN = (
    "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn",
    "subprocess.Popen", "socket.", "urllib.Request", "http.client", "ftplib.", "smtplib.",
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "os.kill", "os.putenv", "os.unsetenv", "os.chdir", "shutil.",
    "tempfile.", "ctypes.", "sqlite3.", "pickle.find_class", "marshal.loads",
    "signal.pthread_kill", "builtins.input", "sys.setprofile", "sys.settrace", "sys.addaudithook",
)  # fmt: skip
JINJA = ("<template>", "<unknown>")  # what it calls a template without a file
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


def convert(data: bytes) -> list[str]:
    """The script of a notebook as ``nbsnake convert`` writes it."""
    spec = read_any(parse_notebook(data, PATH))
    return [render_plain_script(spec.program, script_arguments(spec), spec.artifacts, ".")]


def generate(data: bytes, reading: Reading = PLAIN) -> list[str]:
    """The script of a notebook as ``nbsnake generate`` writes it; nothing for one without step.

    The other files are rendered as well; they are not Python.
    """
    spec = read_step(parse_notebook(data, PATH), reading)
    if spec is None:
        return []
    step = compile_step(spec, {})
    pipeline = Pipeline((step,))
    script, *texts = render_script(step), render_rule(step, pipeline), render_dvc_file(pipeline, "")
    for text in texts:
        text.encode()
    return [script]


def generate_with_templates(data: bytes) -> list[str]:
    """The same in a project in which docstrings may use the values of a file."""
    return generate(data, Reading(conf={"path": "data", "rate": 0.5, "words": ["a", "b"]}))


WAYS: dict[str, Callable[[bytes], list[str]]] = {
    "convert": convert,
    "generate": generate,
    "templates": generate_with_templates,
}


class TooSlow(BaseException):
    """Not an Exception, so that no ``except Exception`` swallows it."""


class Acted(BaseException):
    """The notebook made nbsnake do what it must not do."""


class Guard:
    """An audit hook, armed while a notebook is being read.

    What it sees is in shared memory: a copy of this process works out the templates, and is
    watched like this one.
    """

    def __init__(self) -> None:
        self.armed = False
        self.shared = mmap.mmap(-1, 200)
        sys.addaudithook(self.hook)

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.armed or _copies_itself(event):
            return
        if event.startswith(FORBIDDEN) or self._runs_code(event, args) or _writes(event, args):
            self.armed = False
            self.shared[:] = f"{event} {args!r}".encode()[:200].ljust(200)
            raise Acted(self.seen)

    @property
    def seen(self) -> str:
        """The first act that must not be; nothing is empty."""
        return self.shared[:].decode(errors="replace").strip("\0 ")

    @staticmethod
    def _runs_code(event: str, args: tuple[Any, ...]) -> bool:
        """Whether code is executed that does not come from a module's file.

        Jinja's sandbox executes what it makes of a template, and a "raise" for a faulty one.
        """
        file = getattr(args[0], "co_filename", "") if event == "exec" else ""
        return event == "exec" and file not in JINJA and not os.path.isfile(file)

    @contextmanager
    def arm(self) -> Iterator[None]:
        self.shared[:] = bytes(200)
        self.armed = True
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.armed = False


def _copies_itself(event: str) -> bool:
    """Whether this is the copy of a process, with limits, that works out a template."""
    return event == "os.fork" and sys._getframe(2).f_code is limited.limited.__code__


def _writes(event: str, args: tuple[Any, ...]) -> bool:
    if event != "open" or isinstance(args[0], int):  # an open pipe
        return False
    _, mode, flags = args
    return bool((flags or 0) & WRITING) or any(letter in (mode or "") for letter in "wax+")


def corpus_seeds(corpus: Path) -> list[bytes]:
    """Each seventh notebook of the corpus, and those of :mod:`mutate`."""
    chosen = notebooks_of(corpus)[::7]
    return mutate.make_seeds([(corpus / notebook).read_bytes() for notebook in chosen])


def try_one(data: bytes, call: Callable[[bytes], list[str]], guard: Guard) -> str:
    """How it ended: "script", "none", "refused", or what is wrong."""
    try:
        with guard.arm():
            scripts = call(data)
        if guard.seen:  # in a copy, or where an exception was caught
            return f"Acted: {guard.seen}"
        for script in scripts:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(script.encode(), PATH, "exec", dont_inherit=True)
    except NbsnakeError as refusal:
        if guard.seen:
            return f"Acted: {guard.seen}"
        return "refused" if is_well_reported(refusal) else f"reported badly: {refusal}"[:300]
    except (Exception, TooSlow, Acted) as error:
        return f"{type(error).__name__}: {error}"[:300]
    return "script" if scripts else "none"


def is_well_reported(refusal: NbsnakeError) -> bool:
    """Each fault names the file, and is reported in one line, as is its hint."""
    faults = refusal.faults if isinstance(refusal, Faults) else (refusal,)
    lines = [line for fault in faults for line in (fault.message, fault.hint or "-")]
    places = [fault.where.file for fault in faults if fault.where]
    return places == [PATH] * len(faults) and all(len(line.splitlines()) == 1 for line in lines)


def warm_up(seeds: list[bytes], call: Callable[[bytes], list[str]]) -> None:
    """Import all that nbsnake imports late, for imports execute code."""
    for data in seeds:
        with suppress(NbsnakeError):
            call(data)


def main(corpus: Path, numbers: range, work: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, too_slow)
    warnings.simplefilter("error")
    seeds = corpus_seeds(corpus)
    for call in WAYS.values():
        warm_up(seeds, call)
    guard = Guard()
    ends: Counter[str] = Counter()
    faults = []
    worst = (0.0, -1)
    with (work / "now").open("w") as now:
        for number in numbers:
            now.seek(0)
            now.write(f"{number:10}")
            now.flush()
            data = mutate.mutated(number, seeds)
            faulthandler.dump_traceback_later(4 * SECONDS, exit=True)  # stuck where no signal helps
            for way, call in WAYS.items():
                start = time.process_time()
                end = try_one(data, call, guard)
                seconds = time.process_time() - start
                worst = max(worst, (seconds, number))
                if seconds > SECONDS:  # an "except" somewhere may have swallowed the exception
                    end = f"took {seconds:.1f} s"
                if end not in ("script", "none", "refused"):
                    faults.append((number, way, end))
                    end = "fault"
                ends[f"{way}: {end}"] += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = {"ends": ends, "faults": faults, "worst": worst, "peak_kib": peak, "seen": guard.seen}
    (work / "result.json").write_text(json.dumps(result))


def too_slow(*_: object) -> None:
    raise TooSlow(f"took more than {SECONDS} s")


if __name__ == "__main__":
    corpus, first, last, step, work = sys.argv[1:]
    main(Path(corpus), range(int(first), int(last), int(step)), Path(work))
