"""Guessing what was meant by a word that is not known."""

from collections.abc import Callable, Iterable


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """The known word that is most like ``word``; "" where none is similar enough.

    ``cutoff`` is the least similarity, from 0 to 1 (:func:`difflib.get_close_matches`).
    """
    import difflib  # only where a word is not known

    return next(iter(difflib.get_close_matches(word, list(known), 1, cutoff)), "")


def did_you_mean(
    word: str,
    known: Iterable[str],
    otherwise: str = "",
    *,
    show: Callable[[str], str] = repr,
    cutoff: float = 0.6,
) -> str:
    """A hint with the nearest known word, or ``otherwise``."""
    near = nearest(word, known, cutoff=cutoff)
    return f"did you mean {show(near)}?" if near else otherwise
