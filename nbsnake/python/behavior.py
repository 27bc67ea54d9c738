"""What a Python file does, as a value."""

from collections.abc import Collection
from typing import NamedTuple


class Program(NamedTuple):
    """A hash of what a file does, and of each option of a generated script its default.

    A default counts only where the command does not pass the option.
    """

    code: str
    defaults: dict[str, str]

    def does(self, other: "Program", passed: Collection[str]) -> bool:
        """Whether a command that passes these options, such as ``--rate``, gets the same."""
        mine, others = (
            {name: value for name, value in each.defaults.items() if name not in passed}
            for each in (self, other)
        )
        return (self.code, mine) == (other.code, others)
