"""Which steps a user means: by name, by a pattern of names, or by notebook."""

import difflib
import posixpath
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from nbsnake.errors import UsageError


def choose_steps(words: Iterable[str], steps: Mapping[str, str]) -> list[str]:
    """The steps that the words name, in the order of ``steps``; all of them for no word.

    ``steps`` maps each step to its notebook. Raises :class:`UsageError` for a word that names
    none.
    """
    wanted = list(words)
    chosen = {
        word: [name for name in steps if _is_named(name, steps[name], word)] for word in wanted
    }
    unknown = [word for word, names in chosen.items() if not names]
    if unknown:
        near = difflib.get_close_matches(unknown[0], steps, n=1)
        raise UsageError(
            f"no such step: {', '.join(unknown)}",
            hint=f"did you mean {near[0]!r}?" if near else f"steps: {', '.join(steps) or 'none'}",
        )
    named = {name for names in chosen.values() for name in names}
    return [name for name in steps if name in named or not wanted]


def _is_named(name: str, notebook: str, word: str) -> bool:
    return fnmatchcase(name, word) or posixpath.normpath(word) == notebook
