"""Merge drivers: git calls nbsnake for the files whose lines it must not merge.

They are part of the clone: its own configuration, and its own ``info/attributes``. Nothing is
committed, so a clone without nbsnake merges as git does. See
https://git-scm.com/docs/gitattributes#_defining_a_custom_merge_driver.
"""

import contextlib
import os
import re
import shlex
import shutil
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from nbsnake.dvc.scan import check_git_files
from nbsnake.errors import ToolError
from nbsnake.job.atomic import write_anywhere
from nbsnake.job.regular import read_regular
from nbsnake.merging.git import ask
from nbsnake.names import LOCK_FILE, upwards

LOCK, GENERATED_FILES = "lock", "generated"  # what `nbsnake merge` is called for
MERGES_FOR_GIT = "in this clone, nbsnake merges for git"  # said once, with the files
UNSET = "unspecified"  # git's word for an attribute that nobody has set
NEEDS_QUOTES = re.compile(r'[\s"\\]')  # in a pattern, which then is quoted as in C
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


class Driver(NamedTuple):
    """A driver by its name in git's configuration, and the files that it merges."""

    name: str
    kind: str
    title: str
    patterns: tuple[str, ...]


DRIVERS = (
    Driver("nbsnake-lock", LOCK, "stage by stage, for dvc.lock", (LOCK_FILE,)),
    Driver(
        "nbsnake-generated",
        GENERATED_FILES,
        "either side, for files that nbsnake generates",
        ("workflow/scripts/*.py", "workflow/rules/*.smk", "workflow/schemas/*.json"),
    ),
)


def install_drivers() -> list[str]:
    """Make this clone merge with nbsnake; the patterns of the files for which that is new.

    Files for which somebody has chosen another way of merging keep it. Nothing is done outside of
    a repository, or where it cannot be written to.
    """
    program = _find_program()
    with contextlib.suppress(ToolError, OSError):
        return _install(program) if program else []
    return []


def _install(program: str) -> list[str]:
    chosen = _chosen([pattern for driver in DRIVERS for pattern in driver.patterns])
    known = dict(_read_config())
    lines, new = [], []
    for driver in DRIVERS:
        unset = [pattern for pattern in driver.patterns if chosen[pattern] == UNSET]
        own = [pattern for pattern in driver.patterns if chosen[pattern] == driver.name]
        changed = _configure(driver, program, known) if unset or own else False
        lines += [(pattern, driver.name) for pattern in unset]
        new += [*own, *unset] if changed else unset
    if lines:
        _add_attributes(lines)
    return new


def _find_program() -> str | None:
    """The ``nbsnake`` of this environment, by its full path: git may be called outside of it."""
    own = sysconfig.get_path("scripts")
    found = shutil.which("nbsnake", path=f"{own}{os.pathsep}{os.environ.get('PATH', '')}")
    return os.path.abspath(found) if found else None


def driver_command(program: str, kind: str) -> str:
    """What git is to run; where the program is gone, it merges lines as without it.

    git replaces ``%O``, ``%A`` and ``%B`` by files, and ``%P`` by the quoted path.
    """
    quoted = shlex.quote(program).replace("%", "%%")
    return (
        f"if test -x {quoted}; then exec {quoted} merge {kind} %O %A %B %P; fi; "
        "exec git merge-file -L ours -L base -L theirs %A %O %B"
    )


def _configure(driver: Driver, program: str, known: Mapping[str, str]) -> bool:
    """Bring git's configuration up to date; whether it was not."""
    wanted = {"name": driver.title, "driver": driver_command(program, driver.kind)}
    keys = {f"merge.{driver.name}.{key}": value for key, value in wanted.items()}
    changed = {key: value for key, value in keys.items() if known.get(key) != value}
    for key, value in changed.items():
        ask("config", "--local", key, value)
    return bool(changed)


def _read_config() -> Iterator[tuple[str, str]]:
    for entry in ask("config", "--local", "--list", "-z").split("\0"):
        key, _, value = entry.partition("\n")
        yield key, value


def _chosen(patterns: Iterable[str]) -> dict[str, str]:
    """How the files of each pattern are merged, by the attributes of one of them.

    Raises :class:`ToolError` where git fails, and :class:`OSError` for a file that it waits for.
    """
    examples = {pattern.replace("*", "a"): pattern for pattern in patterns}
    folders = {up for path in examples for up in upwards(os.path.dirname(path))} | {""}
    check_git_files(os.path.join(folder, ".gitattributes") for folder in folders)
    words = ask("check-attr", "-z", "merge", "--", *examples).split("\0")[:-1]
    return {examples[path]: way for path, way in zip(words[::3], words[2::3], strict=True)}


def _add_attributes(lines: Iterable[tuple[str, str]]) -> None:
    prefix = ask("rev-parse", "--show-prefix").removesuffix("\n")
    path = ask("rev-parse", "--git-path", "info/attributes").removesuffix("\n")
    text = read_regular(path) if os.path.exists(path) else b""
    start = b"\n" if text and not text.endswith(b"\n") else b""
    added = "".join(f"{attribute_pattern(prefix + glob)} merge={name}\n" for glob, name in lines)
    write_anywhere(path, text + start + added.encode(errors="surrogateescape"))


def attribute_pattern(path: str) -> str:
    """The pattern of git for a path from the top of the repository; ``*`` in its name matches."""
    folder, slash, name = path.rpartition("/")
    literal = re.sub(r"[\\*?\[\]]", r"\\\g<0>", folder)
    pattern = f"/{literal}{slash}{name}"
    return f'"{pattern.translate(ESCAPES)}"' if NEEDS_QUOTES.search(pattern) else pattern
