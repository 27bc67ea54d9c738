"""What a benchmark measured is written down as it was measured."""

import json
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent / "bench"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import costs
    import page
    import rivals_table

    return costs, page, rivals_table


def found(costs, ours):
    rival = [costs.Cost(2.0, 4.0)] * 3
    row = costs.Row("edit", "an edit", "cpu", (0.5,), {"nbsnake": ours, "`dvc status`": rival})
    return {"machine": {**costs.machine(), "load_at_end": 0}, "rounds": 3, "rows": [row.to_dict()]}


def test_medians_are_compared_by_the_unit_of_the_row(bench):
    costs, _, table = bench
    ours = [costs.Cost(cpu, 9.0) for cpu in (0.1, 7.0, 0.4)]
    assert "| an edit | CPU | nbsnake: 0.40 s | `dvc status`: 2.00 s | 0.20x | 0.5x |" in [
        *table.lines(found(costs, ours))
    ]
    missed = table.lines(found(costs, [costs.Cost(1.5, 0.1)]))
    assert [*missed][-1].endswith("| 0.75x | 0.5x, missed |")


def test_page_names_what_got_slower(bench):
    costs, page, _ = bench
    before, now = (found(costs, [costs.Cost(cpu, 1.0)]) for cpu in (0.4, 0.8))
    text = f"head\n{page.START}\nold\n{page.END}\ntail\n"
    written = page.with_table(text, json.loads(json.dumps(now)), before)
    assert written.startswith("head\n")
    assert written.endswith("\ntail\n")
    assert "old" not in written
    assert "- an edit: 0.20, now 0.40" in written
    assert "Nothing is slower" in page.with_table(written, now, now)


def test_each_round_takes_all_rivals_in_turn(bench, tmp_path):
    costs, _, _ = bench
    seen = []

    def run(name):
        seen.append(name)
        return costs.command(tmp_path, sys.executable, "-c", "pass")

    measured = costs.in_turn({"a": lambda: run("a"), "b": lambda: run("b")}, 2)
    assert seen == ["a", "b", "a", "b"]
    assert all(cost.cpu > 0 and cost.wall > 0 for each in measured.values() for cost in each)


def test_a_command_that_fails_ends_the_benchmark(bench, tmp_path):
    costs, _, _ = bench
    with pytest.raises(SystemExit, match="broken"):
        costs.command(tmp_path, sys.executable, "-c", "raise SystemExit('broken')")
