"""The progress display of a run: a bar below the lines, and nothing of it left between them."""

import io
import logging

import pytest
from rich.console import Console

from nbsnake.snakemake.progress import Display


@pytest.fixture
def shown():
    """A display on a terminal, and what the terminal gets."""
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=80, highlight=False)
    display = Display(console)
    yield display, text
    display.close()


def send(display, event, **fields):
    record = logging.LogRecord("", logging.INFO, "", 0, "", None, None)
    record.__dict__.update(event=event, **fields)
    display.show(record)


def test_bar_is_gone_when_nothing_runs_so_that_other_lines_stand_alone(shown):
    display, text = shown
    send(display, "run_info", stats={"a": 1, "b": 1, "all": 1, "total": 3})
    send(display, "job_info", rule_name="a", jobid=1, log=[])
    assert display._bar.live.is_started
    send(display, "job_finished", job_id=1)
    assert not display._bar.live.is_started
    assert "a (" in text.getvalue()
    send(display, "job_info", rule_name="b", jobid=2, log=[])
    assert display._bar.live.is_started


def test_names_of_steps_are_no_markup_and_no_escape_sequence(shown):
    display, text = shown
    send(display, "job_info", rule_name="[red]a\x1b[31m", jobid=1, log=[])
    send(display, "job_error", jobid=1)
    assert "[red]a\\x1b[31m" in text.getvalue()
