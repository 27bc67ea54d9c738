"""The table of differences: it must say all that differs, and nothing that does not."""

import re
from pathlib import Path

import pytest
from table import Outcome, Row, faults, read_rows

PAGE = Path(__file__).parents[2] / "docs" / "dvc.md"
ROWS = [Row("foo: ", "because", ("a/test_b.py::test_c", "a/test_b.py::test_d[x]"))]


def outcomes(**findings: list[str]) -> list[Outcome]:
    names = {"c": "a/test_b.py::test_c", "d": "a/test_b.py::test_d[x]", "e": "a/test_b.py::test_e"}
    return [Outcome(names[name], 1, 1, 0, 0, tuple(each)) for name, each in findings.items()]


def test_table_that_is_true_has_no_fault():
    found = outcomes(c=["foo: 1", "foo: 2"], d=["foo: 3"], e=[])
    assert faults(found, ROWS, ["a/test_b.py"]) == []


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (outcomes(c=["foo: 1"], d=["foo: 1"], e=["foo: 1"]), "test_e: foo: 1"),
        (outcomes(c=["foo: 1", "bar: 1"], d=["foo: 1"], e=[]), "test_c: bar: 1"),
        (outcomes(c=["foo: 1"], d=[], e=[]), "test_d[x]: in the table, but not so: foo: "),
        (outcomes(c=["foo: 1"], e=[]), "test_d[x]: in the table, but not so: foo: "),
    ],
    ids=["test is not listed", "finding is not listed", "test is as DVC's", "test is gone"],
)
def test_what_the_table_does_not_say_is_a_fault_and_what_is_not_so(found, fault):
    assert faults(found, ROWS, ["a"]) == [f"a/test_b.py::{fault}"]


def test_rows_of_other_modules_do_not_count():
    assert faults([], ROWS, ["a/test_bc.py", "ab"]) == []


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome("t", 0, 0, 0, 0, ()), "nothing to compare"),
        (Outcome("t", 0, 0, 1, 0, ()), "same"),
        (Outcome("t", 1, 0, 0, 0, ("foo",)), "different"),
        (Outcome("t", 1, 0, 0, 0, ("foo", "skipped: option")), "skipped"),
    ],
)
def test_each_outcome_has_a_kind(outcome, kind):
    assert outcome.kind == kind


def cells(width: int) -> list[list[str]]:
    """The rows of a table in the documentation that end with a number, by their number of cells."""
    lines = re.findall(r"^\| (.+ \| \d+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [row for line in lines if len(row := line.split(" | ")) == width]


def test_documentation_has_every_reason_with_the_number_of_its_tests():
    assert cells(3) == [[row.kind, row.reason, str(len(row.tests))] for row in read_rows()]


def test_documentation_adds_the_groups_up():
    *groups, (name, *sums) = cells(9)
    assert name == "**all**"
    columns = zip(*(map(int, row[1:]) for row in groups), strict=True)
    assert [*map(sum, columns)] == [*map(int, sums)]


def test_documentation_counts_the_tests_of_each_kind():
    names = ["tests", "same", "different", "skipped", "nothing to compare"]
    sums = dict(zip(names, map(int, cells(9)[-1][1:6]), strict=True))
    for kind in ("different", "skipped"):
        tests = {test for row in read_rows() if row.kind == kind for test in row.tests}
        assert len(tests) == sums[kind]
