"""Outputs as nbformat 4.5 has them."""

from __future__ import annotations

import binascii
from collections.abc import Callable

from .pretty import pretty
from .recorder import LIMIT, complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # slow

RICH = (
    ("text/html", "_repr_html_"),
    ("image/svg+xml", "_repr_svg_"),
    ("image/png", "_repr_png_"),
    ("image/jpeg", "_repr_jpeg_"),
    ("text/markdown", "_repr_markdown_"),
    ("text/latex", "_repr_latex_"),
    ("application/json", "_repr_json_"),
)


def display_data(data: Any, metadata: Any = None) -> dict[str, Any]:
    """An output as nbformat has it."""
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


def guarded(make: Callable[[], Any], seconds: float) -> Any:
    """What ``make`` gives; None, with a word, where it raises or takes longer.

    Only the main thread, and only where the script does not use the signal, has a limit.
    """
    import signal  # only where it is needed

    def too_long(*_: object) -> None:
        raise TimeoutError(f"it takes longer than {seconds} s")

    try:
        timed = signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
        if timed:
            signal.signal(signal.SIGALRM, too_long)
            signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            return make()
        finally:
            if timed:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
    except Exception as error:
        complain("a result in the executed notebook", error)
        return None


def bundle(value: object) -> dict[str, Any]:
    """The representations of a value, by media type; those that are too large are left out."""
    data: dict[str, Any] = {}
    if own := getattr(type(value), "_repr_mimebundle_", None):
        data.update(_found(own(value)) or {})
    for media, name in RICH:
        method = getattr(type(value), name, None)
        if method is not None and media not in data:
            data[media] = _found(method(value))
    data.setdefault("text/plain", pretty(value))
    texts = {key: as_text(each) for key, each in data.items() if each is not None}
    small = {key: each for key, each in texts.items() if len(str(each)) <= LIMIT}
    return {"text/plain": f"[{type(value).__name__}: too large to be shown]", **small}


def _found(result: Any) -> Any:
    """Without the metadata that may come with it."""
    return result[0] if isinstance(result, tuple) else result


def as_text(found: Any) -> Any:
    """JSON's form of a representation."""
    return in_base64(found) if isinstance(found, bytes) else found


def in_base64(content: bytes) -> str:
    """The text that stands for bytes in JSON."""
    return binascii.b2a_base64(content, newline=False).decode()
