"""What DVC's tests assert about DVC's own functions, of which nbsnake calls none."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from engine import Engine

ASSERTIONS = [name for name in dir(mock.NonCallableMock) if name.startswith("assert_")]
COMMAND = "cmd_run"  # the function of DVC that runs the command of a stage


class Assertions:
    """Assertions on mocks after a call of nbsnake are counted and pass.

    One is answered: that no command was run.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.passed = 0

    @contextmanager
    def let_pass(self) -> Iterator[None]:
        """Do so meanwhile."""
        with ExitStack() as stack:
            for name in ASSERTIONS:
                new = self._answer(name, getattr(mock.NonCallableMock, name))
                stack.enter_context(mock.patch.object(mock.NonCallableMock, name, new))
            yield

    def _answer(self, name: str, own: Any) -> Any:
        def answer(mocked: Any, *args: Any, **kwargs: Any) -> None:
            if not self._engine.calls:
                own(mocked, *args, **kwargs)
            elif name == "assert_not_called" and COMMAND in mocked._extract_mock_name():
                assert not self._engine.executed
            else:
                self.passed += 1

        return answer
