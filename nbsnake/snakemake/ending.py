"""How a run ends that a signal asks to end.

Snakemake waits for the steps at work, for as long as they take. Its handler of SIGTERM
(``JobScheduler.exit_gracefully``, in versions 9) takes a lock that the code may hold which it
interrupts, and then waits for itself for ever. So the handler only starts threads here, one of
which calls Snakemake's. A second signal, or the end of :data:`LONGEST`, ends the steps at work, and
a third one Snakemake itself.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from nbsnake.job.say import say
from nbsnake.snakemake.descendants import KILL_AFTER, Tree, end_tree, send

LONGEST_VARIABLE = "NBSNAKE_END_AFTER"
LONGEST = 3600.0  # seconds for which the steps at work are waited for
SAME = 1.0  # seconds in which signals are one: all of a group get it, and some hand it on
GO_ON = "what has ended is kept; to go on: nbsnake run"


class Ending:
    """The signals that one head gets, which runs jobs of this workflow."""

    def __init__(self, workflow: Any) -> None:
        self._workflow = workflow
        self._graceful: Callable[[Any], None] = lambda _: None
        self._first = signal.SIGTERM
        self._count = 0
        self._last = 0.0
        self._is_syncing = False

    def install(self) -> None:
        """Take the signals over; Snakemake's scheduler, which comes later, hands on SIGTERM."""
        from snakemake.workflow import JobScheduler  # only there when Snakemake reads the Snakefile

        self._graceful = JobScheduler.exit_gracefully
        JobScheduler.exit_gracefully = lambda _, *signalled: self._handle(*signalled)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            with contextlib.suppress(ValueError):  # Snakemake's API, in a thread
                signal.signal(signal.SIGINT, self._handle)

    def before_sync(self) -> None:
        """The steps have ended: nothing is to be interrupted in Snakemake any more."""
        self._is_syncing = True

    def say_how_to_go_on(self) -> None:
        """After the sync of a run that was ended."""
        if self._count:
            say(f"ended by {self._first.name}; {GO_ON}")

    def _handle(self, number: int, *_: object) -> None:
        now = time.monotonic()
        if self._count and now < self._last + SAME:
            return
        self._count, self._last = self._count + 1, now
        if self._count == 1:
            self._first = signal.Signals(number)
            if not self._is_syncing:
                _start(self._stop)
                _start(self._wait)
        elif self._count == 2:
            _start(_end, Tree(os.getpid()))  # without what is going to cancel a cluster's jobs
        else:
            _exit(self._first)
        is_asked = self._count == (1 if self._first == signal.SIGINT else 2)
        if is_asked and not self._is_syncing:
            raise KeyboardInterrupt  # at which Snakemake cancels the jobs of a cluster

    def _stop(self) -> None:
        """Let no step start any more."""
        if scheduler := getattr(self._workflow, "scheduler", None):
            self._graceful(scheduler)

    def _wait(self) -> None:
        longest = _longest()
        time.sleep(SAME)  # steps that end at once are not spoken of
        say(
            f"{self._first.name}: no step starts any more, and those at work are waited for, at "
            f"most {longest:g} s; a second signal ends them"
        )
        time.sleep(max(0.0, longest - SAME))
        if self._count == 1 and not self._is_syncing:
            os.kill(os.getpid(), self._first)


def _longest() -> float:
    with contextlib.suppress(ValueError):
        return float(os.environ.get(LONGEST_VARIABLE, LONGEST))
    return LONGEST


def _start(call: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=call, args=arguments, daemon=True).start()


def _end(tree: Tree) -> None:
    say(f"ending the steps at work; after {KILL_AFTER:g} s by force")
    end_tree(tree)


def _exit(number: signal.Signals) -> NoReturn:
    """End this process. The lock of the run ends with it; Snakemake's is removed by the next."""
    send(Tree(os.getpid()).below(), signal.SIGKILL)
    with contextlib.suppress(RuntimeError):  # something else was being printed
        say(f"ended by {number.name}, without waiting for Snakemake; {GO_ON}")
    os._exit(128 + number)
