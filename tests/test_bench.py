"""What a benchmark measured is written down as it was measured."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

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


def exec_rows(costs, plans):
    return [
        costs.Row(f"exec-{steps}", "exec", "wall", (None,), {"exec": [costs.Cost(cpu, wall)]})
        for steps, cpu, wall in plans
    ]


def test_exec_is_drawn_by_the_steps_of_the_project(bench, tmp_path, monkeypatch):
    costs, page, _ = bench
    rows = exec_rows(costs, [(10, 0.03, 0.04), (1000, 0.031, 0.041), (10_000, 0.06, 0.08)])
    measured = found(costs, [costs.Cost(0.4, 1.0)])
    measured["rows"] += json.loads(json.dumps([row.to_dict() for row in rows]))
    drawn = page.picture(measured["rows"])
    root = ElementTree.fromstring(drawn)
    shown = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"10", "1,000", "10,000", "30", "31", "60"} <= {*shown}
    (points,) = (each.get("points") for each in root.iter("{http://www.w3.org/2000/svg}polyline"))
    heights = [float(point.partition(",")[2]) for point in points.split()]
    assert heights[0] - heights[1] < 4 < heights[1] - heights[2]
    assert page.picture(measured["rows"]) == drawn
    text = page.with_table(f"{page.START}\n{page.END}\n", measured, {"rows": []})
    assert f"]({page.PICTURE})" in text
    assert page.picture(measured["rows"][:2]) == ""


def test_growth_beyond_that_of_the_steps_is_named(bench):
    import growth

    points = [
        growth.Point(work, size, cpu, 1.0, 20.0)
        for work, cpus in (("as the steps", (0.1, 1.0)), ("as their square", (0.1, 9.0)))
        for size, cpu in zip((100, 1000), cpus, strict=True)
    ]
    linear, square = [
        line
        for line in growth.lines({"steps": [point._asdict() for point in points]})
        if line.startswith("| as ")
    ]
    assert linear.endswith("| 10.0x |")
    assert square.endswith("| 90.0x, too much |")
