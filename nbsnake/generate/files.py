"""Generated files: comparing them with the disk, and writing only those that differ."""

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nbsnake.errors import PipelineError, Where
from nbsnake.job.atomic import ANY_MODE, write_anywhere, write_atomically
from nbsnake.job.inside import ends_inside, named
from nbsnake.job.regular import read_regular
from nbsnake.names import GENERATED
from nbsnake.python.program import HEAD
from nbsnake.python.script_diff import cell_diff, changed_cells, is_same_program
from nbsnake.python.versions import Versions

EXECUTABLE = 0o755
NO_LINKS = (".gitignore", ".dvcignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedFile:
    """``path`` is relative to the project's root.

    A file that is ``once`` is written where there is none, and is the user's from then on.
    ``notebook`` is what a script comes of, "" for all other files.
    """

    path: str
    text: str
    notebook: str = ""
    once: bool = False

    @property
    def is_script(self) -> bool:
        """Whether it is the script of a notebook."""
        return bool(self.notebook)

    @property
    def is_generated(self) -> bool:
        """Whether nothing in it is the user's, so that it can be made again."""
        return GENERATED in self.text[:HEAD]

    def is_same(self, old: str) -> bool:
        """Whether ``old`` does as well; of a script, only what Python reads counts."""
        return is_same_program(old, self.text) if self.is_script else old == self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How the disk differs from what would be generated; ``new`` is None for a file to remove.

    ``kept`` is the copy of a script that was edited by hand, "" for none.
    """

    path: str
    reason: Literal["missing", "changed", "orphan"]
    old: str
    new: GeneratedFile | None
    kept: str = ""

    @property
    def cells(self) -> list[int]:
        """The cells in which a script differs, 0 for what comes before the first."""
        if self.new is None or not self.new.is_script:
            return []
        return changed_cells(self.old, self.new.text)

    def diff(self) -> str:
        """A unified diff; for a script, cell by cell."""
        if self.new and self.new.is_script and self.old:
            lines = cell_diff(self.old, self.new.text, self.path, self.new.notebook)
            return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
        lines = difflib.unified_diff(
            self.old.splitlines(keepends=True),
            (self.new.text if self.new else "").splitlines(keepends=True),
            f"a/{self.path}",
            f"b/{self.path}",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def find_drift(files: Iterable[GeneratedFile], orphans: Iterable[str]) -> list[Drift]:
    """Where the disk is not what ``files`` say; ``orphans`` are files that should go.

    Raises :class:`PipelineError` for a path that a link leads out of the project.
    """
    drifts = []
    for file in files:
        path = _inside(file.path)
        if path.exists() and not path.is_file():
            raise PipelineError(
                "is not a file, but one is to be written there",
                where=Where(file.path),
                hint="move it away",
            )
        if not path.exists():
            drifts.append(Drift(path=file.path, reason="missing", old="", new=file))
            continue
        old = read_regular(str(path)).decode(errors="replace")
        if file.is_generated and old and GENERATED not in old[:HEAD] and not file.is_same(old):
            raise PipelineError(
                "nbsnake did not write this file, and does not overwrite it",
                where=Where(file.path),
                hint="move or remove it, or give the step another name with ':step: name'",
            )
        wrong_mode = file.is_script and not path.stat().st_mode & 0o100
        if not file.once and (wrong_mode or not file.is_same(old)):
            drifts.append(Drift(path=file.path, reason="changed", old=old, new=file))
    for orphan in orphans:
        old = read_regular(str(_inside(orphan))).decode(errors="replace")
        drifts.append(Drift(path=orphan, reason="orphan", old=old, new=None))
    return drifts


def find_orphans(folder: str, suffix: str, known: Iterable[str]) -> list[str]:
    """Generated files in ``folder`` that nothing generates any more.

    Raises :class:`OSError` for a folder that cannot be read.
    """
    wanted = set(known)
    names = os.listdir(folder) if os.path.lexists(folder) else []
    paths = [f"{folder}/{name}" for name in sorted(names) if name.endswith(suffix)]
    return [path for path in paths if path not in wanted and is_generated(_inside(path))]


def settle(drifts: Iterable[Drift]) -> None:
    """Make the disk what was to be generated; what replaced scripts did stays known."""
    versions = Versions()
    for drift in drifts:
        path = _inside(drift.path)
        if drift.new and drift.new.is_script and drift.old:
            versions.note(drift.old.encode())
        if drift.new is None:
            path.unlink()
        else:
            mode = EXECUTABLE if drift.new.is_script else None
            durable = not drift.new.is_generated  # to flush thousands of files takes seconds
            write_atomically(str(path), drift.new.text.encode(), mode=mode, durable=durable)
    versions.save()


def is_generated(path: Path) -> bool:
    """Whether nbsnake wrote the file, by its first lines."""
    return path.is_file() and GENERATED in read_regular(str(path)).decode(errors="replace")[:HEAD]


def write_program(path: str, text: str, *, force: bool, limit: int = ANY_MODE) -> bool:
    """Write a program to where a user wants it, unless it is there already; whether it was written.

    Raises :class:`PipelineError` for a file that nbsnake did not write, unless ``force``; a
    notebook is never overwritten.
    """
    file = Path(path)
    try:
        if file.exists() and not file.is_file():
            raise PipelineError("is not a file that can be written", where=Where(path))
        old = read_regular(path) if file.exists() else None
        if old == text.encode():
            return False
        foreign = old is not None and not force and GENERATED.encode() not in old[:HEAD]
        if foreign or file.suffix == ".ipynb":
            raise PipelineError(
                "nbsnake did not write this file, and does not overwrite it",
                where=Where(path),
                hint="choose another place with -o"
                + ("" if file.suffix == ".ipynb" else ", or add --force"),
            )
        write_anywhere(named(path), text.encode(), mode=EXECUTABLE, limit=limit)
    except OSError as error:
        raise PipelineError(f"cannot be written: {error.strerror}", where=Where(path)) from None
    return True


def _inside(path: str) -> Path:
    full = Path(path)
    if not ends_inside(path):
        raise PipelineError(
            "a link leads out of the project",
            where=Where(path),
            hint="nbsnake writes inside the project only; remove the link",
        )
    if full.name in NO_LINKS and full.is_symlink():
        raise PipelineError("is a link", where=Where(path), hint="write a file in its place")
    return full
