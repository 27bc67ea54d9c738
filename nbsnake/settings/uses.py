"""``uses:`` of nbsnake.yaml: further steps of notebooks, and other values for their own.

Each use has a name, the notebook, values for its parameters (of those that carry files: their
paths), and may run for each value of some axes::

    uses:
    - name: tokenize_test
      notebook: notebooks/tokenize.ipynb
      values: {reviews: data/test.csv, tokens: data/test.json}
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nbsnake.errors import NbsnakeError, PipelineError, Where
from nbsnake.guess import did_you_mean
from nbsnake.model.paramtype import Value, is_json
from nbsnake.notebook.foreach import AxisSpec, axes_of_mapping
from nbsnake.notebook.keys import is_reserved_step, step_name
from nbsnake.places import place_of

KEYS = ("name", "notebook", "values", "foreach")
EXAMPLE = "write '- {name: tokenize_test, notebook: notebooks/tokenize.ipynb, values: {...}}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One entry; ``index`` counts them from 0, and ``file`` is where they are."""

    name: str
    notebook: str
    file: str
    index: int
    values: Mapping[str, Value]
    axes: tuple[AxisSpec, ...] = ()

    def place(self, *keys: str) -> Where:
        """Where the use, or what the keys lead to in it, is written."""
        return place_of(self.file, ("uses", self.index, *keys))


def read_uses(given: Any, file: str, faults: list[NbsnakeError]) -> tuple[Use, ...]:
    """The uses that ``file`` lists."""
    if not isinstance(given, list):
        faults.append(
            PipelineError("'uses' is not a list", where=place_of(file, ("uses",)), hint=EXAMPLE)
        )
        return ()
    uses: list[Use] = []
    for index, entry in enumerate(given):
        before = len(faults)
        place = place_of(file, ("uses", index))
        _check_entry(entry, index, file, faults)
        if len(faults) > before:
            continue
        axes = _axes(entry["foreach"], index, file, faults) if "foreach" in entry else []
        uses.append(
            Use(
                name=entry["name"],
                notebook=posixpath.normpath(entry["notebook"]),
                file=file,
                index=index,
                values=entry.get("values") or {},
                axes=tuple(axes),
            )
        )
        if any(use.name == entry["name"] for use in uses[:-1]):
            faults.append(
                PipelineError(
                    f"the use {entry['name']!r} appears twice",
                    where=place,
                    hint="give each its own name",
                )
            )
    return tuple(uses)


def _better_name(name: str) -> str:
    better = step_name(name)
    wrong = better == "step_" or is_reserved_step(better)
    return "choose another name with letters, digits and _" if wrong else f"write {better!r}"


def _axes(given: Any, index: int, file: str, faults: list[NbsnakeError]) -> list[AxisSpec]:
    def place(*keys: str) -> Where:
        return place_of(file, ("uses", index, "foreach", *keys))

    return axes_of_mapping(given, place, faults)


def _check_entry(entry: Any, index: int, file: str, faults: list[NbsnakeError]) -> None:
    place = place_of(file, ("uses", index))
    if not isinstance(entry, dict):
        faults.append(PipelineError("this use is not a mapping", where=place, hint=EXAMPLE))
        return
    faults += _key_faults(entry, index, file)
    if not all(isinstance(entry.get(key), str) for key in ("name", "notebook")):
        faults.append(PipelineError("a use needs a name and a notebook", where=place, hint=EXAMPLE))
    elif step_name(entry["name"]) != entry["name"] or is_reserved_step(entry["name"]):
        faults.append(
            PipelineError(
                f"{entry['name']!r} is not a valid step name",
                where=place_of(file, ("uses", index, "name")),
                hint=_better_name(entry["name"]),
            )
        )
    faults += _value_faults(entry.get("values") or {}, index, file)


def _key_faults(entry: Mapping[Any, Any], index: int, file: str) -> Iterator[NbsnakeError]:
    for key in entry:
        if key not in KEYS:
            yield PipelineError(
                f"unknown key {key!r} of a use",
                where=place_of(file, ("uses", index, str(key))),
                hint=did_you_mean(str(key), KEYS, f"known: {', '.join(KEYS)}"),
            )


def _value_faults(values: Any, index: int, file: str) -> Iterator[NbsnakeError]:
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        yield PipelineError(
            "the values of a use are not a mapping of parameters",
            where=place_of(file, ("uses", index, "values")),
            hint="write 'values: {rate: 0.1, model: models/other.pkl}'",
        )
        return
    for name, value in values.items():
        if not is_json(value):
            yield PipelineError(
                f"{name!r} is {value}, which is not a valid parameter value",
                where=place_of(file, ("uses", index, "values", name)),
                hint="write it as a string, in quotes",
            )
