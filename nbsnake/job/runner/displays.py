"""What display() and its like show, recorded as Jupyter shows it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from .figures import Figures, is_figure
from .outputs import bundle, display_data, guarded
from .recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # slow

REPR_SECONDS = 2  # after which a value is recorded without its representation


class Displays:
    """Records what display() shows; the script's own text about it is in the log only."""

    def __init__(self, recorder: Recorder, figures: Figures) -> None:
        self._recorder, self._figures = recorder, figures

    def watch(self, names: Any, start: str = "") -> None:
        """Replace the functions of a module, or of a script, where they have names that begin."""
        for name in ("display", "update_display", "clear_output"):
            real = names.get(start + name)
            is_watched = hasattr(real, "__wrapped__")
            if getattr(real, "__module__", None) == names["__name__"] and not is_watched:
                names[start + name] = getattr(self, f"_{name}")(real)

    def results(self, names: Any) -> None:
        """Record also the results that the script keeps for later cells."""
        real = names.get("_nb_out")
        if real is None or hasattr(real, "__wrapped__"):
            return

        @wraps(real)
        def out(number: int, value: Any) -> Any:
            if value is not None:
                self.value(value, "execute_result")
            return real(number, value)

        names["_nb_out"] = out

    def kernel(self, names: Any) -> None:
        """Record which kernel a script starts, what the kernel executes, and what that shows."""

        def shown(real: Callable[..., Any]) -> Callable[..., Any]:
            def show(data: Any) -> None:
                self._recorder.quietly(real, data)
                self.value(data, raw=True)

            return wraps(real)(show)

        def execute(real: Callable[..., Any]) -> Callable[..., Any]:
            def executed(code: str) -> None:
                self._recorder.event(executed=code)
                real(code)

            return wraps(real)(executed)

        def started(real: Callable[..., Any]) -> Callable[..., Any]:
            def start(name: str, language: str) -> None:
                self._recorder.event(kernel=name, language=language)
                names["_nb_kernel"] = real  # which keeps the kernel
                real(name, language)

            return wraps(real)(start)

        if "_nb_kernel" in names:
            names["_nb_shown"] = shown(names["_nb_shown"])
            names["_nb_execute"] = execute(names["_nb_execute"])
            names["_nb_kernel"] = started(names["_nb_kernel"])

    def value(self, value: Any, kind: str = "display_data", **more: Any) -> None:
        """Record a value as Jupyter shows it; with ``raw`` it has its representations itself."""
        raw = more.pop("raw", False)
        if is_figure(value):
            self._figures.picture(value, kind, **more)
        elif data := value if raw else guarded(lambda: bundle(value), REPR_SECONDS):
            self._recorder.event(output={**display_data(data), "output_type": kind}, **more)

    def _display(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def display(*values: Any, **options: Any) -> Any:
            handle = self._recorder.quietly(real, *values, **options)
            found = getattr(handle, "display_id", options.get("display_id"))
            more = {"display": found} if isinstance(found, str) else {}
            for value in values:
                self.value(value, raw=options.get("raw"), **more)
            return handle

        return display

    def _update_display(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def update_display(value: Any, *, display_id: Any, **options: Any) -> Any:
            found = self._recorder.quietly(real, value, display_id=display_id, **options)
            self.value(value, raw=options.get("raw"), update=display_id)
            return found

        return update_display

    def _clear_output(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def clear_output(wait: bool = False) -> Any:
            self._recorder.event(clear="next" if wait else "now")
            return self._recorder.quietly(real, wait)

        return clear_output
