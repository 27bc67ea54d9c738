"""The progress display of a run: a bar below the lines, and nothing of it left between them."""

import io
import logging
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from nbsnake.generate.resources import default_profile
from nbsnake.job.receipt import Receipt, write_receipt
from nbsnake.snakemake.progress import Display
from snakemake_logger_plugin_nbsnake import LogHandler


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


def job(display, number, name="a"):
    send(display, "job_info", rule_name=name, jobid=number, log=[])


def test_an_attempt_that_is_repeated_is_not_called_failed(shown, monkeypatch):
    display, text = shown
    monkeypatch.setattr("nbsnake.snakemake.progress.retries_of", lambda rule: 1)
    job(display, 1)
    send(display, "job_error", jobid=1, rule_msg=None)
    assert "retrying" in text.getvalue()
    assert "a, attempt 1 of 2" in text.getvalue()
    assert "failed" not in text.getvalue()
    job(display, 1)
    send(display, "job_error", jobid=1, rule_msg=None)
    assert "failed" in text.getvalue()


def test_an_attempt_that_was_not_repeated_after_all_has_failed(shown, monkeypatch):
    display, text = shown
    monkeypatch.setattr("nbsnake.snakemake.progress.retries_of", lambda rule: 1)
    job(display, 1)
    send(display, "job_error", jobid=1, rule_msg=None)
    display.close()
    assert "failed" in text.getvalue()
    assert "a: it was not tried again" in text.getvalue()


def test_the_time_shown_is_that_of_the_job(shown, monkeypatch, tmp_path):
    display, text = shown
    monkeypatch.chdir(tmp_path)
    job(display, 1)
    now = time.time()
    seen = Receipt("a", "", (), {}, (), (), started=now + 5, ended=now + 12.5, host="node1")
    write_receipt(seen)
    send(display, "job_finished", job_id=1)
    assert "a (7.5 s)" in text.getvalue()


def test_what_the_executor_says_of_itself_is_left_out(shown):
    display, text = shown
    for message in ("No SLURM account given, trying to guess.", "the disk is full"):
        record = logging.LogRecord("", logging.WARNING, "", 0, message, None, None)
        display.show(record)
    assert "the disk is full" in text.getvalue()
    assert "trying to guess" not in text.getvalue()


def test_the_cell_that_a_killed_job_got_to_is_named(shown, monkeypatch, tmp_path):
    display, text = shown
    monkeypatch.chdir(tmp_path)
    job(display, 1)
    Path(".nbsnake/executed").mkdir(parents=True)
    Path(".nbsnake/executed/a.events").write_text('{"cell": 3}\n')
    send(display, "job_error", jobid=1, rule_msg=None)
    assert "it got to cell 3 of its notebook" in text.getvalue()


def plugin(**asked):
    names = ("dryrun", "verbose", "printshellcmds", "debug_dag", "stdout", "quiet")
    settings = SimpleNamespace(**{**dict.fromkeys(names, False), **asked})
    return LogHandler(settings, None)


def test_the_logger_of_the_profile_leaves_the_output_to_snakemake_where_more_is_asked_for():
    assert plugin().writes_to_stream
    assert plugin(quiet={"rules"}).writes_to_stream
    for name in ("dryrun", "verbose", "printshellcmds", "debug_dag", "stdout"):
        own = plugin(**{name: True})
        assert not own.writes_to_stream
        own.emit(logging.LogRecord("", logging.ERROR, "", 0, "a fault", None, None))
        own.close()


def test_quiet_shows_failures_alone(capsys):
    own = plugin(quiet={"all"})
    for number, event in enumerate(("job_finished", "job_error")):
        for fields in ({"event": "job_info"}, {"event": event}):
            record = logging.LogRecord("", logging.INFO, "", 0, "", None, None)
            record.__dict__.update(rule_name=event, jobid=number, job_id=number, log=[], **fields)
            own.emit(record)
    own.close()
    said = capsys.readouterr().err
    assert "job_error" in said
    assert "job_finished" not in said


def test_the_profile_that_is_written_selects_the_logger():
    assert "logger: nbsnake" in default_profile().splitlines()


def test_of_a_group_that_failed_only_what_did_not_end_well_has_failed(shown, monkeypatch, tmp_path):
    display, text = shown
    monkeypatch.chdir(tmp_path)
    for number, name in ((1, "a"), (2, "b")):
        job(display, number, name)
    now = time.time() + 5
    write_receipt(Receipt("a", "", (), {}, (), (), started=now, ended=now, host="node1"))
    info = [{"jobid": 1}, {"jobid": 2}]
    send(display, "group_error", groupid="tiny", aux_logs=["logs/x.log"], job_error_info=info)
    for number in (1, 2):
        send(display, "job_error", jobid=number, rule_msg=None)
    assert "a, in a job of a group that failed" in text.getvalue()
    assert text.getvalue().count("failed\x1b[0m") == 1
