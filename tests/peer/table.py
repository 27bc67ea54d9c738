"""What DVC's tests showed, and the table of the differences that are known and explained."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FILE = Path(__file__).with_name("differences.yaml")
SKIPPED = "skipped: "  # how the finding of a skipped test begins


class Row(NamedTuple):
    """One kind of difference. ``finding`` is a regular expression of how its findings begin."""

    finding: str
    reason: str
    tests: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Whether its tests are skipped, or different."""
        return "skipped" if self.finding.startswith(SKIPPED) else "different"

    def explains(self, finding: str) -> bool:
        """Whether a finding is of this kind."""
        return re.match(self.finding, finding) is not None


class Outcome(NamedTuple):
    """What one test of DVC's showed.

    ``calls``, ``plans`` and ``locks`` say how often a run, a plan or a dvc.lock was compared,
    ``assertions`` how many on mocks of DVC's functions were let pass.
    """

    test: str
    calls: int
    plans: int
    locks: int
    assertions: int
    findings: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The column of the table in the documentation in which the test counts."""
        if any(finding.startswith(SKIPPED) for finding in self.findings):
            return "skipped"
        if self.findings:
            return "different"
        return "same" if self.calls or self.plans or self.locks else "nothing to compare"


def read_rows() -> list[Row]:
    """The table."""
    rows: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [Row(**{**row, "tests": tuple(row["tests"])}) for row in rows]


def faults(outcomes: Iterable[Outcome], rows: Iterable[Row], modules: Iterable[str]) -> list[str]:
    """What the table does not explain, and what it explains though it is not so."""
    by_test = {outcome.test: outcome for outcome in outcomes}
    found = [
        f"{test}: {finding}"
        for test, outcome in by_test.items()
        for finding in outcome.findings
        if not any(row.explains(finding) for row in rows if test in row.tests)
    ]
    return found + [
        f"{test}: in the table, but not so: {row.finding}"
        for row in rows
        for test in _tests_of(row, modules)
        if test not in by_test or not any(map(row.explains, by_test[test].findings))
    ]


def _tests_of(row: Row, modules: Iterable[str]) -> Iterator[str]:
    """The tests of a row that are in one of the modules, or of the packages."""
    starts = tuple(f"{each}{'::' if each.endswith('.py') else '/'}" for each in modules)
    return (test for test in row.tests if test.startswith(starts))
