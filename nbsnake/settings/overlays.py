"""Overlays: folders of files that override values of params.yaml, such as one per client.

``clients/acme.yaml`` has the form of params.yaml and holds what is other for ``acme``; the steps
whose outputs name ``{client}`` run once for each file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.model.step import Overlay
from nbsnake.model.variants import UNSAFE, Axis, is_safe
from nbsnake.settings.settings import read_values

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlaySet:
    """The files of ``folder``, which are the values of ``axis``."""

    axis: str
    folder: str
    files: Mapping[Overlay, Mapping[str, Any]]

    def as_axis(self) -> Axis:
        """The axis over which the files of the set run."""
        values = tuple(overlay.value for overlay in self.files)
        return Axis(name=self.axis, values=values, has_files=True)


def overlay_files(folder: str) -> list[str]:
    """The files of a set, in the order of their names."""
    found = Path(folder).iterdir() if Path(folder).is_dir() else ()
    names = (path for path in found if path.suffix in SUFFIXES)
    return sorted(path.as_posix() for path in names if not path.name.startswith("."))


def read_overlays(folders: Mapping[str, str]) -> list[OverlaySet]:
    """The sets that the settings name, by axis and folder.

    Raises :class:`PipelineError`, several together, for files that are not overlays.
    """
    faults: list[NbsnakeError] = []
    sets = [_read_set(axis, folder, faults) for axis, folder in folders.items()]
    raise_all(faults)
    return sets


def _read_set(axis: str, folder: str, faults: list[NbsnakeError]) -> OverlaySet:
    files: dict[Overlay, Mapping[str, Any]] = {}
    for path in overlay_files(folder):
        name = Path(path).stem
        twin = next((overlay.file for overlay in files if overlay.value == name), "")
        if twin or not is_safe(name):
            message = (
                f"{twin} is also for {name!r}" if twin else f"{name!r} cannot be part of a path"
            )
            hint = "keep one of the two" if twin else f"rename it: {UNSAFE}"
            faults.append(PipelineError(message, where=Where(path), hint=hint))
            continue
        try:
            files[Overlay(axis, name, path)] = read_values(path)
        except NbsnakeError as fault:
            faults.append(fault)
    return OverlaySet(axis=axis, folder=folder, files=files)
