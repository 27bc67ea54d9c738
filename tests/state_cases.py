"""States of steps as the commands show them, for golden texts and pages."""

from results_builder import planned

from nbsnake.job.receipt import Failure
from nbsnake.report.states import StepState

CELL = "cell 5 of train.ipynb changed"


def state(name, shown="fresh", **fields):
    step = planned(name, "in.txt", f"{name}.txt")
    return StepState(step, shown, **{"locked": shown == "fresh", **fields})


def thirty_states():
    """Thirty steps of all states, with names and reasons of many lengths."""
    rates = [f"{number / 100}" for number in range(1, 25)]
    variants = [state(f"train@{rate}", "stale", reasons=(CELL,)) for rate in rates[:12]]
    variants += [state(f"train@{rate}", "never run") for rate in rates[12:]]
    failure = Failure("plot", 1, 9.0, cell=7, error="ZeroDivisionError: division by zero")
    waits = tuple(each.name for each in variants)
    return [
        state("load"),
        state("clean", "running", since=0.0),
        state("a_step_with_a_name_that_is_longer_than_half_of_a_line", locked=False),
        *variants,
        state("plot", "failed", failure=failure, reasons=("plot.txt is missing",)),
        state("judge", "waiting", waits=waits),
        state(
            "report",
            "stale",
            reasons=("report.size was 4, value removed", "report.\x1b[31mtitle was 'a', now 'b'"),
            restorable=True,
        ),
    ]
