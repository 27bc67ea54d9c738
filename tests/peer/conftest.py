"""DVC's tests as a fixture, and the table that the suite prints when all is done."""

from collections.abc import Callable
from pathlib import Path

import pytest
from downloads import Unreachable
from dvc_source import VERSION, get_tests

TABLE = "table of DVC's tests"
HEAD = (
    "| tests of | tests | same | different | skipped | nothing to compare | runs | plans | locks |"
)


@pytest.fixture(scope="session")
def dvc_tests() -> Path:
    """The folder in which DVC's tests are; skips where they cannot be had."""
    pytest.importorskip("pytest_mock", reason="DVC's tests need it: pip install 'nbsnake[peer]'")
    try:
        return get_tests()
    except Unreachable as reason:
        pytest.skip(f"the tests of DVC {VERSION} cannot be downloaded: {reason}")


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Add a line to the table, by pytest-xdist's workers as well."""
    return lambda line: record_property(TABLE, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])
    ]
    lines = [line for each in reports for name, line in each.user_properties if name == TABLE]
    if lines:
        terminalreporter.section(f"tests of DVC {VERSION}")
        for line in (HEAD, *sorted(lines)):
            terminalreporter.write_line(line)
