"""The plots that a dvc.yaml declares apart from its stages.

Source: https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#top-level-plot-definitions
"""

from collections.abc import Iterator, Mapping
from typing import Any


def declared_plots(entries: Any) -> dict[str, dict[str, Any]]:
    """The settings of each data file under ``plots:``; an entry of another form has none."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries if isinstance(entries, list) else []:
        pairs = entry if isinstance(entry, Mapping) else {entry: None}
        for name, options in pairs.items():
            for path, own in _files(str(name), options if isinstance(options, Mapping) else {}):
                found.setdefault(path, {}).update(own)
    return found


def _files(name: str, options: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The files of one plot: those of ``y`` with their columns, else the one of its name."""
    columns, place = options.get("y"), options.get("x")
    if not isinstance(columns, Mapping):
        yield name, dict(options)
        return
    for path, column in columns.items():
        x = place.get(path) if isinstance(place, Mapping) else place
        own = {"title": name, **options, "y": column, "x": x}
        yield str(path), {key: value for key, value in own.items() if value is not None}
