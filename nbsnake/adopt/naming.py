"""Names: of parameters by their files, of steps by their notebooks, and versions in names."""

import builtins
import keyword
import posixpath
import re
import unicodedata
from collections.abc import Iterable, Set
from typing import NamedTuple

from nbsnake.notebook.keys import is_reserved_step, step_name
from nbsnake.notebook.params import OWN_NAMES, OWN_OPTIONS

_ORDER = re.compile(
    r"(?:step|nb|notebook)?[\s_-]*(\d+(?:[._-]\d+)*[a-z]?)[\s._-]+(?=.*[^\W\d])", re.I
)
_SEPARATOR = r"[\s._-]*"
_VERSIONS = (
    (re.compile(rf"{_SEPARATOR}\((\d+)\)$"), 1),
    (re.compile(rf"{_SEPARATOR}[-_ ]?copy{_SEPARATOR}(\d*)$", re.I), 1),
    (
        re.compile(
            rf"(?<=[^\W\d]){_SEPARATOR}(?:v|ver|version|rev){_SEPARATOR}(\d+(?:[._]\d+)*)$", re.I
        ),
        2,
    ),
    (re.compile(rf"{_SEPARATOR}(?<![^\W_])((?:19|20)\d\d[-_]?\d\d[-_]?\d\d)$"), 2),
    (re.compile(rf"{_SEPARATOR}(?<![^\W_])final(\d*)$", re.I), 3),
    (
        re.compile(rf"{_SEPARATOR}(?<![^\W_])(?:new|latest|updated|fixed|use[\s_-]?this)()$", re.I),
        3,
    ),
    (
        re.compile(
            rf"{_SEPARATOR}(?<![^\W_])(?:old|backup|bak|orig|original|deprecated|draft|wip|tmp)(\d*)$",
            re.I,
        ),
        -1,
    ),
)
_ARCHIVE = re.compile(
    r"[_.-]*(?:old|archived?|attic|backups?|bak|deprecated|legacy|obsolete|trash|unused)s?", re.I
)
_COPY_OF = re.compile(r"copy[\s_-]+of[\s_-]+", re.I)


class Version(NamedTuple):
    """A notebook's name in its parts: ``02_train_v3_final`` is 02, train, and the marks behind.

    Of notebooks with the same ``base``, the one with the largest ``rank`` is the newest.
    """

    order: str
    base: str
    rank: tuple[tuple[int, tuple[int, ...]], ...]


def version_of(path: str) -> Version:
    """The parts of a notebook's name."""
    name = posixpath.basename(path).removesuffix(".ipynb")
    rest, copies = _COPY_OF.subn("", name)
    match = _ORDER.match(rest)
    order, rest = (match[1], rest[match.end() :]) if match else ("", rest)
    marks: list[tuple[int, tuple[int, ...]]] = [(1, (copies,))] if copies else []
    found = True
    while found:
        found = False
        for pattern, weight in _VERSIONS:
            match = pattern.search(rest)
            if match and match.start():
                numbers = tuple(map(int, re.findall(r"\d+", match[1] or "")))
                marks.append((weight, numbers or (1,)))
                rest, found = rest[: match.start()], True
    return Version(order, step_name(rest.strip(" ._-") or name), tuple(sorted(marks, reverse=True)))


def home_of(path: str) -> str:
    """The folder of a notebook; for one in a folder such as ``old``, the folder above that."""
    parts = posixpath.dirname(path).split("/")
    found = next((n for n, part in enumerate(parts) if _ARCHIVE.fullmatch(part)), len(parts))
    return "/".join(parts[:found])


def is_archived(path: str) -> bool:
    """Whether a notebook is in a folder for what is no longer used."""
    return home_of(path) != posixpath.dirname(path)


def newest(paths: Iterable[str]) -> str:
    """The notebook with the newest version in its name; one marked as old comes last.

    So does one in a folder such as ``archive``.
    """
    return max(paths, key=lambda path: (not is_archived(path), _weight(version_of(path)), path))


def _weight(version: Version) -> tuple[object, ...]:
    is_old = any(weight < 0 for weight, _ in version.rank)
    return (not is_old, version.rank)


def step_of(path: str, taken: Set[str]) -> str:
    """The name of a notebook's step: without numbers and versions, where that is still free."""
    short = version_of(path).base
    own = step_name(posixpath.basename(path).removesuffix(".ipynb"))
    folder = posixpath.basename(posixpath.dirname(path)) or "notebook"
    wanted = [short, own, step_name(f"{folder}_{own}")]
    return next(
        (each for each in wanted if each not in taken and not is_reserved_step(each)),
        step_name(path.removesuffix(".ipynb")),
    )


def fresh(path: str, taken: Set[str]) -> str:
    """A name for a variable that carries a file, none of those that the notebook uses."""
    stem, ending = posixpath.splitext(posixpath.basename(path.rstrip("/")) or "data")
    base = _identifier(stem)
    wanted = [
        base,
        f"{base}_{_identifier(ending)}" if ending else "",
        f"{base}_path",
        f"{base}_file",
    ]
    wanted += [f"{base}_{number}" for number in range(2, 1000)]
    return next(each for each in wanted if each and each not in taken and not _is_reserved(each))


def _identifier(text: str) -> str:
    plain = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text).lower()).strip("_")
    return plain if plain.isidentifier() else f"file_{plain}".rstrip("_")


def _is_reserved(name: str) -> bool:
    own = keyword.iskeyword(name) or hasattr(builtins, name)
    return own or name in OWN_NAMES | OWN_OPTIONS
