"""Fixtures of pytest: write ``pytest_plugins = ["nbsnake.fixtures"]`` into ``conftest.py``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbsnake import testing

RunStep = Callable[..., dict[str, Any]]


@pytest.fixture
def run_step(request: pytest.FixtureRequest, tmp_path: Path) -> RunStep:
    """Runs a step of the project in which pytest was started: ``run_step("train", rate=0.5)``.

    As :func:`nbsnake.testing.run_step`; outputs that are not named go to ``tmp_path``.
    """

    def run(step: str, /, **params: Any) -> dict[str, Any]:
        return testing.run_step(step, params, project=request.config.rootpath, outputs=tmp_path)

    return run
