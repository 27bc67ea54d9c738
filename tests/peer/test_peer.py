"""DVC's own tests, with nbsnake in the place of DVC.

A run by nbsnake must leave what a run by DVC leaves, and the plan must be what DVC resolves. What
differs is in ``differences.yaml``, with its reason. A difference that is not there fails this
suite, and one that is there but is none any more does so, too.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from dvc_source import VERSION
from e2e_project import environment
from table import Outcome, faults, read_rows

pytestmark = pytest.mark.peer


class Group(NamedTuple):
    """Modules and packages of DVC's tests, and the functions of ``Repo`` that nbsnake replaces.

    Where ``run`` is not among them, stages that DVC ran are taken over by nbsnake.
    """

    modules: list[str]
    functions: tuple[str, ...] = ("reproduce", "run")


# Those that take longest come first, so that two processes end at the same time.
GROUPS = {
    "repro": Group(["func/repro"], ("reproduce",)),
    "runs": Group(["func/test_run.py"]),
    "metrics": Group(["func/metrics", "unit/test_metrics.py"]),
    "parsing": Group(["func/parsing"]),
    "run-cache": Group(["func/test_run_cache.py", "unit/stage/test_cache.py"]),
    "dvc.yaml": Group(
        ["func/test_stage_load.py", "func/test_dvcfile.py", "func/test_stage.py"], ("reproduce",)
    ),
    "parameters": Group(["func/params", "unit/test_params.py"]),
    "lock files": Group(["func/test_lockfile.py", "unit/test_lockfile.py"]),
}
COLUMNS = ("same", "different", "skipped", "nothing to compare")
SECONDS = 1200
PAGE = Path(__file__).parents[2] / "docs" / "dvc.md"


@pytest.mark.parametrize("group", GROUPS)
def test_nbsnake_is_as_dvc_in_the_tests_of(
    group: str, dvc_tests: Path, tmp_path: Path, say: Callable[[str], None]
) -> None:
    outcomes = run_tests(dvc_tests, GROUPS[group], tmp_path)
    row = row_of(group, outcomes)
    say(row)
    assert faults(outcomes, read_rows(), GROUPS[group].modules) == []
    page = PAGE.read_text(encoding="utf-8")
    assert row in page or f"DVC {VERSION}" not in page


def run_tests(folder: Path, group: Group, scratch: Path) -> list[Outcome]:
    results = scratch / "results.jsonl"
    script = str(Path(__file__).with_name("run_tests.py"))
    start = [sys.executable, script, str(folder), str(results), ",".join(group.functions)]
    words = ["-q", "--disable-warnings", f"--basetemp={scratch / 'tests'}"]
    done = subprocess.run(
        [*start, *words, *(f"tests/{each}" for each in group.modules)],
        env=environment(scratch / "home"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr  # 1: tests failed
    lines = results.read_text(encoding="utf-8").splitlines()
    return [Outcome(**json.loads(line)) for line in lines]


def row_of(group: str, outcomes: list[Outcome]) -> str:
    """The group's row of the table in the documentation."""
    kinds = Counter(outcome.kind for outcome in outcomes)
    sums = [sum(getattr(each, name) for each in outcomes) for name in ("calls", "plans", "locks")]
    cells = [group, len(outcomes), *(kinds[kind] for kind in COLUMNS), *sums]
    return f"| {' | '.join(map(str, cells))} |"
