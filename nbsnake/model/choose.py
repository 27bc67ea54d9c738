"""Which steps a user means: by name, by a pattern of names, or by notebook.

The name of a step with variants means all of them, ``step@key`` one.
"""

import posixpath
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from nbsnake.errors import UsageError
from nbsnake.guess import did_you_mean
from nbsnake.names import base_name


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
        known = list(dict.fromkeys([*map(base_name, steps), *steps]))
        raise UsageError(
            f"no such step: {', '.join(unknown)}",
            hint=did_you_mean(
                unknown[0],
                known,
                f"steps: {', '.join(dict.fromkeys(map(base_name, steps))) or 'none'}",
            ),
        )
    named = {name for names in chosen.values() for name in names}
    return [name for name in steps if name in named or not wanted]


def choose_variants(wanted: Mapping[str, str], axes: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The variants that have these values of these axes; ``axes`` maps each variant to its own.

    Raises :class:`UsageError` for an axis or a value that no variant has.
    """
    for name, value in wanted.items():
        held = list(dict.fromkeys(each[name] for each in axes.values() if name in each))
        if value not in held:
            known = held or list(dict.fromkeys(name for each in axes.values() for name in each))
            raise UsageError(
                f"no such {name}: {value}" if held else f"no step runs for each {name}",
                hint=did_you_mean(
                    value if held else name,
                    known,
                    f"there {'is' if len(known) == 1 else 'are'}: {', '.join(known) or 'none'}",
                ),
            )
    return [name for name, own in axes.items() if wanted.items() <= own.items()]


def _is_named(name: str, notebook: str, word: str) -> bool:
    names = (name, base_name(name))
    return any(fnmatchcase(each, word) for each in names) or posixpath.normpath(word) == notebook
