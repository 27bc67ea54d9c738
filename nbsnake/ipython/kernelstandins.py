"""What scripts carry to do between cells what a kernel does; :mod:`nbsnake.ipython.standins` has
the rest, and the rule for both.
"""

from collections.abc import Awaitable, Callable
from typing import Any


def _nb_close_figures() -> None:
    """Close all figures, where there may be any."""
    import sys

    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def _nb_inline(load: bool = True, **config: Any) -> None:
    """Draw as Jupyter's inline backend does: plt.show() shows and closes all figures.

    With settings of InlineBackend it only notes them.
    """
    import os
    import sys
    import types

    kept = vars(_nb_inline)
    kept.update(config)
    other = "module://matplotlib_inline.backend_inline"
    if config or os.environ.setdefault("MPLBACKEND", "agg") not in ("agg", other):
        return  # whoever sets the variable may want windows
    try:
        import matplotlib
        from matplotlib.backends import backend_agg
    except ImportError:
        return

    def start() -> None:
        kept["started"] = True
        matplotlib.rcParams.update(kept.get("rc", {}))
        matplotlib.interactive(True)

    def counted(make: Any) -> Any:
        def made(*args: Any, **kwargs: Any) -> Any:
            if "started" not in kept:
                start()
            kept["drew"] = kept.get("drew") or matplotlib.is_interactive()
            return make(*args, **kwargs)

        return made

    def show(close: bool | None = None, block: bool | None = None) -> None:
        from matplotlib import pyplot
        from matplotlib._pylab_helpers import Gcf

        for manager in Gcf.get_all_fig_managers() if "draw" in kept else ():
            kept["draw"](manager.canvas.figure, **kept)
        if kept.get("close_figures", True) if close is None else close:
            pyplot.close("all")

    kept["show"] = show
    backend = sys.modules["_nb_backend"] = types.ModuleType("_nb_backend")
    backend.__dict__.update(
        FigureCanvas=backend_agg.FigureCanvas,
        new_figure_manager=counted(backend_agg.new_figure_manager),
        new_figure_manager_given_figure=counted(backend_agg.new_figure_manager_given_figure),
        show=show,
    )
    matplotlib.use("module://_nb_backend")
    if load:
        start()


def _nb_end_figures() -> None:
    """Show and close all figures at the end of a cell that made one, as Jupyter does."""
    kept = vars(_nb_inline)
    if kept.pop("drew", False):
        kept["show"]()


def _nb_redraw() -> None:
    """Draw what has changed, as Jupyter does at the end of each cell."""
    import sys

    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot and pyplot.isinteractive():
        try:
            pyplot.draw_all()
        except Exception as error:
            print(f"a figure cannot be drawn: {error}", file=sys.stderr)


def _nb_draw(figure: Any, **config: Any) -> None:
    """Draw a figure as Jupyter shows it, which lays it out; saved later, it is so."""
    import io
    import sys

    formats = config.get("figure_format") or config.get("figure_formats", "png")
    options = config.get("print_figure_kwargs", {"bbox_inches": "tight"})
    colors = {"facecolor": figure.get_facecolor(), "edgecolor": figure.get_edgecolor()}
    for name in [formats] if isinstance(formats, str) else sorted(formats):
        large = name in ("retina", "png2x")
        image = {"format": "png" if large else name, "dpi": figure.dpi * (1 + large)}
        try:
            if figure.axes or figure.lines:
                figure.canvas.print_figure(io.BytesIO(), **{**image, **colors, **options})
        except Exception as error:  # as in Jupyter, the cell goes on
            print(f"a figure cannot be drawn: {error}", file=sys.stderr)


def _nb_loop() -> None:
    """Be inside a running event loop, as all code in Jupyter is."""
    import asyncio
    import atexit
    from asyncio import _get_running_loop, _set_running_loop

    class Loop(asyncio.SelectorEventLoop):
        def is_running(self) -> bool:
            return _get_running_loop() is self or super().is_running()

    class Outside:
        def run(self, waiting: Any) -> Any:
            _set_running_loop(None)
            try:
                return runner.run(waiting)
            finally:
                _set_running_loop(runner.get_loop())

    def close() -> None:
        _set_running_loop(None)
        runner.close()

    runner = asyncio.Runner(loop_factory=Loop)
    vars(_nb_await)["runner"] = Outside()
    atexit.register(close)
    asyncio.set_event_loop(runner.get_loop())
    _set_running_loop(runner.get_loop())


def _nb_turn() -> None:
    """Let tasks go on between two cells, as they do in Jupyter."""
    import asyncio

    _nb_await(lambda: asyncio.sleep(0.01))


def _nb_await(value: Callable[[], Awaitable[object]]) -> object:
    """Wait for a value, in the one event loop of all cells."""
    import asyncio
    import atexit

    async def wait() -> object:
        return await value()

    kept = vars(_nb_await)
    if "runner" not in kept:
        kept["runner"] = asyncio.Runner()
        atexit.register(kept["runner"].close)
    return kept["runner"].run(wait())


def _nb_display(*values: object, display_id: object = None, **options: object) -> Any:
    """Print each value as Python writes it; with an id, a handle that can print others."""
    for value in values:
        print(repr(value))
    return _nb_handle(None if display_id is True else display_id) if display_id else None


def _nb_handle(display_id: object = None) -> Any:
    """The handle of a display; where nothing can be replaced, an update is printed below."""
    import types
    import uuid

    handle = types.SimpleNamespace(display_id=display_id or uuid.uuid4().hex)
    handle.display = lambda value, **options: _nb_display(value, display_id=handle.display_id)
    handle.update = lambda value, **options: _nb_update_display(value, display_id=handle.display_id)
    return handle


def _nb_update_display(value: object, *, display_id: object, **options: object) -> None:
    """Print what a display is to show from now on."""
    _nb_display(value)


def _nb_clear_output(wait: bool = False) -> None:
    """Nothing: what is printed stays."""


def _nb_figsize(width: float, height: float) -> None:
    """Set the size of new figures, as %pylab's function does."""
    import matplotlib

    matplotlib.rcParams["figure.figsize"] = [width, height]


def _nb_getfigs(*numbers: int) -> list[Any]:
    """The figures with these numbers, or all, as %pylab's function does."""
    from matplotlib._pylab_helpers import Gcf

    managers = map(Gcf.figs.get, numbers) if numbers else Gcf.get_all_fig_managers()
    return [manager.canvas.figure for manager in managers if manager]


KERNEL_STANDINS: tuple[Callable[..., object], ...] = (
    *(_nb_await, _nb_clear_output, _nb_close_figures, _nb_display, _nb_draw, _nb_end_figures),
    *(_nb_figsize, _nb_getfigs, _nb_handle, _nb_inline, _nb_loop, _nb_redraw, _nb_turn),
    _nb_update_display,
)
