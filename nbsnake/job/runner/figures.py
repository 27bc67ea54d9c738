"""The figures of pyplot, recorded as Jupyter shows them."""

from __future__ import annotations

import io
import re
import sys
from functools import wraps

from .outputs import display_data, guarded, in_base64
from .recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # slow

SETTING = re.compile(
    r"^(?:# %config InlineBackend\.|(_nb_inline)\()(figure_formats?|print_figure_kwargs) *= *(.+)$",
    re.MULTILINE,
)
DRAW_SECONDS = 20  # after which a figure is recorded without its picture


class Figures:
    """Records the figures of pyplot, as Jupyter shows them at the end of a cell or by show()."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._shown: set[int] = set()
        self._settings: dict[str, Any] = {}  # of the inline backend

    def watch(self, pyplot: Any) -> None:
        """Record figures also where pyplot.show() is called."""
        show = pyplot.show

        @wraps(show)
        def shown(*arguments: Any, **options: Any) -> Any:
            self.record()
            return show(*arguments, **options)

        pyplot.show = shown

    def begin(self, source: str) -> None:
        """Another cell, with its settings: what is open was drawn before it."""
        self._shown = {id(figure) for figure in self._open()}
        for call, name, value in SETTING.findall(source):
            import ast  # slow, and only for settings

            try:
                self._settings[name] = ast.literal_eval(value[:-1] if call else value)
            except (ValueError, SyntaxError):
                continue

    def record(self, *, at_end: bool = False) -> None:
        """Record the figures of this cell that are open and not yet recorded.

        ``at_end`` is whether nothing but the end of the cell shows them.
        """
        matplotlib: Any = sys.modules.get("matplotlib")
        if at_end and "_nb_backend" in sys.modules and not matplotlib.is_interactive():
            return
        for figure in self._open():
            if id(figure) not in self._shown:
                self._shown.add(id(figure))
                self.picture(figure)

    def picture(self, figure: Any, kind: str = "display_data", **more: Any) -> None:
        """Record a figure as Jupyter shows it; an empty one by its name only."""
        drawn: Any = {"text/plain": repr(figure)}, {}
        if figure.axes or figure.lines:
            drawn = guarded(lambda: self.drawn(figure), DRAW_SECONDS)
        if drawn:
            self._recorder.event(output={**display_data(*drawn), "output_type": kind}, **more)

    def drawn(self, figure: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The pictures of a figure by media type, and their sizes on the screen."""
        formats = self._settings.get("figure_format") or self._settings.get("figure_formats", "png")
        options = self._settings.get("print_figure_kwargs", {"bbox_inches": "tight"})
        data, sizes = {"text/plain": repr(figure)}, {}
        for name in {formats} if isinstance(formats, str) else {*formats}:
            if name == "svg":
                data["image/svg+xml"] = picture(figure, format="svg", **options).decode()
                continue
            large = name in ("retina", "png2x")
            kind = "jpeg" if name in ("jpg", "jpeg") else "png"
            content = picture(figure, format=kind, dpi=figure.dpi * (1 + large), **options)
            data[f"image/{kind}"] = in_base64(content)
            if large:
                width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
                sizes["image/png"] = {"width": width // 2, "height": height // 2}
        return data, sizes

    def _open(self) -> list[Any]:
        helpers: Any = sys.modules.get("matplotlib._pylab_helpers")
        managers = helpers.Gcf.get_all_fig_managers() if helpers else []
        return [manager.canvas.figure for manager in managers]


def picture(figure: Any, **options: Any) -> bytes:
    """The figure drawn on a canvas of its own."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # only where it is needed

    canvas, stale, buffer = figure.canvas, figure.stale, io.BytesIO()
    options.setdefault("dpi", figure.dpi)
    colors = {"facecolor": figure.get_facecolor(), "edgecolor": figure.get_edgecolor()}
    try:
        FigureCanvasAgg(figure).print_figure(buffer, **{**colors, **options})
    finally:
        figure.set_canvas(canvas)
        figure.stale = stale
    return buffer.getvalue()


def is_figure(value: object) -> bool:
    """Whether it is a figure of matplotlib."""
    module: Any = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)
