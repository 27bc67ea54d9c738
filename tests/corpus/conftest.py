"""The corpus as a fixture, and the tables that its tests print when all is done."""

from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_files import get_corpus, notebooks_of
from downloads import Unreachable

TABLE = "table of the corpus"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The unpacked source distributions; skips where they cannot be had."""
    try:
        return get_corpus()
    except Unreachable as reason:
        pytest.skip(f"the corpus cannot be downloaded: {reason}")


@pytest.fixture(scope="session")
def notebooks(corpus: Path) -> list[str]:
    return notebooks_of(corpus)


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Add a line to what is printed below all results, by pytest-xdist's workers as well."""
    return lambda line: record_property(TABLE, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
    lines = [
        line
        for report in sorted(reports, key=lambda each: each.nodeid)
        for name, line in report.user_properties
        if name == TABLE
    ]
    if lines:
        terminalreporter.section("corpus")
        for line in lines:
            terminalreporter.write_line(line)
