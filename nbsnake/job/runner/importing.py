"""Calls functions with modules, once they have been imported."""

from __future__ import annotations

from collections.abc import Callable

from .program import Program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # slow


class Importing:
    """Calls a function with a module, once that has been imported."""

    def __init__(self, hooks: dict[str, Callable[[Any], None]]) -> None:
        self._hooks = hooks

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """Find the module as Python does; None where it is no such one."""
        hook = self._hooks.pop(name, None)
        if hook is None:
            return None
        from importlib.util import find_spec  # only where it is needed

        spec = find_spec(name)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            loader: Any = spec.loader
            run = loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                hook(module)

            loader.exec_module = exec_module
        return spec


def importing(program: Program) -> Any:
    """Watches what shows things, once it is imported."""
    display = ("IPython.core.display", "IPython.core.display_functions")
    hooks = {name: lambda module: program.displays.watch(vars(module)) for name in display}
    return Importing({**hooks, "matplotlib.pyplot": program.figures.watch})
