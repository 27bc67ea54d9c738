"""Runs DVC's tests with nbsnake in its place: ``run_tests.py FOLDER RESULTS FUNCTIONS WORDS...``

``FOLDER`` holds DVC's package of tests. ``FUNCTIONS`` are those of ``dvc.repo.Repo`` that nbsnake
replaces, with commas. The words are pytest's. ``RESULTS`` gets a line of JSON for each test.
"""

import json
import os
import sys
import types
from pathlib import Path
from typing import Any

# Also where this module is imported, by the processes of twin.py
sys.path[:0] = [str(Path(__file__).parents[1] / each) for each in ("peer", "e2e")]

import pytest  # noqa: E402
import twin  # noqa: E402
from captured import Captured  # noqa: E402
from engine import Engine  # noqa: E402
from mocks import Assertions  # noqa: E402
from plans import compare_locks, compare_plans  # noqa: E402
from table import SKIPPED  # noqa: E402


class Peer:
    """The plugin of pytest that puts nbsnake in the place of DVC, and records what differs."""

    def __init__(self, ask: twin.Ask, results: Path, functions: list[str]) -> None:
        self._ask = ask
        self._results = results
        self._functions = functions

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Any:
        engine, captured = Engine(self._ask), Captured()
        assertions = Assertions(engine)
        try:
            with (
                engine.in_place_of_dvc(self._functions),
                captured.watching(),
                assertions.let_pass(),
            ):
                return (yield)
        except pytest.skip.Exception as reason:
            engine.findings.append(f"{SKIPPED}{reason}")
            raise
        except BaseException as error:
            engine.findings.append(f"the test fails: {type(error).__name__}: {error}")
            raise
        finally:
            plans, locks = self._compare_readings(item, captured, engine.findings)
            self._record(
                test=item.nodeid.removeprefix("tests/"),
                calls=engine.calls,
                plans=plans,
                locks=locks,
                assertions=assertions.passed,
                findings=engine.findings,
            )

    def _compare_readings(
        self, item: pytest.Item, captured: Captured, findings: list[str]
    ) -> tuple[int, int]:
        """Compare the plans and the locks at the end of a test; how many there are."""
        root = item.funcargs.get("tmp_dir") if isinstance(item, pytest.Function) else None
        if not (root and (root / ".dvc").is_dir()):
            return 0, 0
        pipelines = [None] if (root / "dvc.yaml").exists() else captured.pipelines()
        own = [root / "dvc.lock"] if (root / "dvc.lock").exists() else []
        locks = list(dict.fromkeys([*(each.read_text() for each in own), *captured.locks]))
        for function, given in ((compare_plans, pipelines), (compare_locks, locks)):
            try:
                findings += self._ask(function, str(root), given) if given else []
            except Exception as error:
                findings.append(f"{function.__name__} fails: {error!r}")
        return len(pipelines), len(locks)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that does not come to its call must not be forgotten."""
        if report.when != "call" and report.failed:
            finding = f"its {report.when} fails: {report.longreprtext}"
            counts = dict.fromkeys(("calls", "plans", "locks", "assertions"), 0)
            self._record(test=report.nodeid.removeprefix("tests/"), findings=[finding], **counts)

    def _record(self, **outcome: Any) -> None:
        with self._results.open("a", encoding="utf-8") as file:
            print(json.dumps(outcome), file=file)


def main(folder: str, results: str, functions: str, *words: str) -> int:
    """Run the tests; what pytest returns."""
    os.chdir(folder)
    sys.path.insert(0, folder)
    # The tests of remotes need servers, and are not among these.
    sys.modules["tests.remotes"] = types.ModuleType("tests.remotes")
    start = ("-c", os.devnull, "--rootdir", folder, "-p", "no:cacheprovider")
    peer = Peer(twin.start(), Path(results), functions.split(","))
    return pytest.main([*start, *words], plugins=[peer])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
