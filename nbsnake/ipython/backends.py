"""Where a notebook draws: what its magics say of matplotlib's backend."""

import re
from collections.abc import Iterable
from enum import StrEnum

_CHOICE = re.compile(
    r"^[ \t]*(?:%[ \t]*|get_ipython\(\)\.(?:run_line_)?magic\(['\"]%?)(?:matplotlib|pylab)\b"
    r"(?:['\"],)?[ \t'\"]*([^\n'\")]*)",
    re.MULTILINE,
)
_CLOSE = re.compile(r"^[ \t]*%config[ \t]+InlineBackend\.close_figures[ \t]*=[ \t]*(\w+)", re.M)
_SETTING = re.compile(r"^[ \t]*%config[ \t]+InlineBackend\.(?:rc|close_figures)\b", re.MULTILINE)


class Backend(StrEnum):
    """Where a notebook draws, as its magics say."""

    INLINE = "inline"
    OTHER = "other"  # where figures stay
    BOTH = "both"


def backend_of(texts: Iterable[str]) -> Backend:
    """What the cells choose, as they are in the notebook.

    Without ``close_figures``, the inline backend is like another one.
    """
    whole = "\n".join(texts)
    chosen = {chooses_inline(match[1]) for match in _CHOICE.finditer(whole)}
    chosen |= {match[1] == "True" for match in _CLOSE.finditer(whole)}
    if chosen == {False}:
        return Backend.OTHER
    return Backend.BOTH if False in chosen else Backend.INLINE


def begins_inline(text: str) -> bool:
    """Whether a cell chooses the inline backend, outside of any block."""
    found = _CHOICE.search(text)
    return found is not None and found[0][:1] == "%" and chooses_inline(found[1])


def has_settings(texts: Iterable[str]) -> bool:
    """Whether the inline backend has settings that change what a script saves."""
    return any(map(_SETTING.search, texts))


def chooses_inline(args: str) -> bool:
    """Whether ``%matplotlib`` with these arguments means the inline backend, or changes nothing."""
    words = [word for word in args.split() if word != "--no-import-all"]
    return not words or words[0].lower() in ("inline", "auto", "-l", "--list", "#")
