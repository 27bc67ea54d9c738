"""How the generated files, by which all is judged, are older than what gives them."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from nbsnake.errors import NbsnakeError, StaleError, Where, files_with_faults, raise_all
from nbsnake.generate.unchanged import is_edited, is_unchanged
from nbsnake.names import DVC_FILE

if TYPE_CHECKING:
    from nbsnake.generate.files import Drift  # for types only

GENERATE = "run: nbsnake generate"


class Outdated(NamedTuple):
    """``scripts`` are those whose cells are not the notebook's, each with what differs.

    ``stages`` say by notebook which stage of dvc.yaml is not what it would be. ``files`` are all
    generated files that differ; ``fault`` prevents that any is generated.
    """

    scripts: Mapping[str, str] = MappingProxyType({})
    stages: Mapping[str, str] = MappingProxyType({})
    files: tuple[str, ...] = ()
    fault: NbsnakeError | None = None

    def __str__(self) -> str:
        """A warning, "" where nothing differs."""
        if self.fault:
            return f"nothing can be generated:\n{self.fault}"
        others = [path for path in self.files if path not in self.scripts]
        paths = ", ".join(others)
        older = f"older than the notebooks, the settings or the parameters: {paths}; {GENERATE}"
        return older if others else ""

    def reasons(self, notebooks: Iterable[str]) -> dict[str, str]:
        """For each script or notebook, why results are not those of the notebooks.

        ``notebooks`` are those of the steps: a fault outside of notebooks concerns all of them.
        """
        if self.fault is None:
            return {**self.scripts, **self.stages}
        steps = set(filter(None, notebooks))
        return {
            path: f"{path} cannot become a script"
            for path in steps & files_with_faults(self.fault) or steps
        }

    def refuse_run(self) -> None:
        """Raise what makes results of other code or another pipeline than the notebooks'."""
        if self.fault:
            raise self.fault
        faults: list[NbsnakeError] = [
            StaleError(reason, hint=f"{GENERATE}, or: nbsnake run")
            for reason in self.scripts.values()
        ]
        if DVC_FILE in self.files and not faults:
            message = "is older than the notebooks, the settings or the parameters"
            hint = f"{GENERATE}, or: nbsnake run"
            faults.append(StaleError(message, where=Where(DVC_FILE), hint=hint))
        raise_all(faults)


def find_outdated() -> Outdated:
    """What is outdated; a fault in the project is not raised."""
    if is_unchanged():
        return Outdated()
    from nbsnake.generate.generate import check  # slow, and not needed where nothing has changed

    try:
        drifts = check()
    except NbsnakeError as error:
        return Outdated(fault=error)
    return Outdated(
        scripts={drift.path: reason for drift in drifts if (reason := _of_script(drift))},
        stages={notebook: reason for drift in drifts for notebook, reason in _of_stages(drift)},
        files=tuple(drift.path for drift in drifts),
    )


def _of_stages(drift: "Drift") -> Iterator[tuple[str, str]]:
    """The notebooks whose stages in dvc.yaml will be others, each with the reason to be shown."""
    if drift.path != DVC_FILE or drift.reason != "changed" or drift.new is None:
        return
    from nbsnake.generate.stage_drift import changed_stages  # slow, and seldom needed

    for name, notebook in changed_stages(drift.old, drift.new.text).items():
        yield notebook, f"{DVC_FILE} has another stage {name} than the notebooks give now"


def _of_script(drift: "Drift") -> str:
    """How the cells of a script differ from the notebook's; "" where they do not."""
    cells = [str(cell) for cell in drift.cells if cell]
    if drift.new is None or not drift.new.is_script or (drift.reason == "changed" and not cells):
        return ""
    if drift.reason == "missing":
        return f"{drift.path} is not generated yet"
    places = f"cell{'s' * (len(cells) > 1)} {', '.join(cells)}"
    if is_edited(drift.path, drift.new.notebook):
        return f"{drift.path} was edited by hand ({places} of {drift.new.notebook})"
    return f"{drift.new.notebook} is newer than {drift.path} ({places})"
