"""All steps of a project together, and the laws that they keep."""

import graphlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from nbsnake.errors import NbsnakeError, PipelineError, Where, raise_all
from nbsnake.model.step import Artifact, Role, Step
from nbsnake.model.variants import names_in
from nbsnake.names import is_owned, is_reserved, upwards


@dataclass(frozen=True)
class Pipeline:
    """All steps in an order in which they can run.

    Raises :class:`PipelineError`, several together, unless names are unique, every output names
    all axes of its step and has one producer, no output lies inside another, and no step needs
    what comes of it.
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        raise_all([*self._same_names(), *self._same_keys(), *self._shared_by_variants()])
        raise_all([*self._reserved(), *self._same_outputs(), *self._mixed_folders()])
        by_name = {step.name: step for step in self.steps}
        object.__setattr__(self, "steps", tuple(by_name[name] for name in self._order()))

    @cached_property
    def producers(self) -> dict[str, Step]:
        """The step that writes each output path."""
        return {path: step for path, step, _ in self._written}

    @cached_property
    def _written(self) -> list[tuple[str, Step, Artifact]]:
        """Every path that any variant of a step writes."""
        return [
            (path, step, out)
            for step in self.steps
            for variant in step.variants
            for out in step.outputs
            for path in out.paths(variant)
        ]

    def makers(self, step: Step) -> list[str]:
        """The steps that write what the step reads, by name."""
        read = {
            path
            for variant in step.variants
            for entry in step.inputs
            for path in entry.paths(variant)
        }
        return sorted({made.name for path in read if (made := self.producer(path))})

    def producer(self, path: str) -> Step | None:
        """The step that writes ``path``, or a folder that ``path`` lies in."""
        return next((self.producers[up] for up in upwards(path) if up in self.producers), None)

    def _same_names(self) -> Iterator[NbsnakeError]:
        seen: dict[str, Step] = {}
        for step in self.steps:
            if first := seen.get(step.name):
                in_notebook = step.where.file == step.notebook
                yield PipelineError(
                    f"this {'notebook' if in_notebook else 'use'} and {first.notebook} both give "
                    f"the step name {step.name!r}",
                    where=Where(step.notebook) if in_notebook else step.where,
                    hint="rename one of the two, or name its step with ':step: name'"
                    if in_notebook
                    else "give the use another name",
                )
            seen.setdefault(step.name, step)

    def _same_keys(self) -> Iterator[NbsnakeError]:
        """``a-b`` and ``c`` would be called as ``a`` and ``b-c`` are."""
        for step in self.steps:
            count = Counter(variant.key for variant in step.variants)
            key, times = max(count.items(), key=lambda item: item[1], default=("", 0))
            if times > 1:
                yield PipelineError(
                    f"two variants of {step.name!r} would have the same name {key!r}",
                    where=step.where,
                    hint="the name joins the values with dashes: choose values without dashes",
                )

    def _shared_by_variants(self) -> Iterator[NbsnakeError]:
        for step in self.steps:
            for out in step.outputs:
                absent = {axis.name for axis in step.axes} - set(names_in(out.path))
                if absent:
                    name = min(absent)
                    yield PipelineError(
                        f"all variants of {step.name!r} would write {out.path!r}",
                        where=out.where,
                        hint=f"write '{{{name}}}' in the path, so that each {name} has its own",
                    )

    def _reserved(self) -> Iterator[NbsnakeError]:
        for path, _, out in self._written:
            is_taken = is_owned if out.role is Role.NOTEBOOK else is_reserved
            if out.path != path and is_taken(path):
                yield PipelineError(
                    f"the path {path!r}, which is {out.path!r} for a variant, belongs to git, DVC "
                    "or nbsnake",
                    where=out.where,
                    hint="write outputs elsewhere, such as data/ or results/",
                )

    def _same_outputs(self) -> Iterator[NbsnakeError]:
        seen: dict[str, Artifact] = {}
        reported: set[tuple[str, str]] = set()
        for path, _, artifact in sorted(self._written, key=lambda each: each[0]):
            at = next((up for up in upwards(path) if up in seen), None)
            if at is not None and (pair := (artifact.path, seen[at].path)) not in reported:
                reported.add(pair)
                relation = "is also" if at == path else f"is inside {at!r},"
                other = "another variant" if seen[at] is artifact else f"{seen[at].where}"
                name = artifact.param if artifact.where.file.endswith(".yaml") else None
                yield PipelineError(
                    f"the output {path!r} {relation} an output of {other}",
                    where=artifact.where,
                    hint=f"give {name!r} another path in 'values:'"
                    if name
                    else "give each output a path of its own",
                )
            seen.setdefault(path, artifact)

    def _mixed_folders(self) -> Iterator[NbsnakeError]:
        folders = {
            up: written
            for written in self._written
            for up in upwards(written[0])
            if up != written[0]
        }
        for step in self.steps:
            for entry in step.inputs:
                read = {path for variant in step.variants for path in entry.paths(variant)}
                for folder in sorted(read & set(folders))[:1]:
                    path, _, inside = folders[folder]
                    yield PipelineError(
                        f"the folder {folder!r} contains {path!r}, an output of {inside.where}",
                        where=entry.where,
                        hint="name the files that the step reads, one ':dvc-in' for each",
                    )

    def _order(self) -> list[str]:
        graph = {
            step.name: self.makers(step) for step in sorted(self.steps, key=lambda step: step.name)
        }
        try:
            return list(graphlib.TopologicalSorter(graph).static_order())
        except graphlib.CycleError as error:
            raise self._cycle(error.args[1]) from None

    def _cycle(self, names: list[str]) -> PipelineError:
        by_name = {step.name: step for step in self.steps}
        start = by_name[names[0]]
        entry = next(
            entry
            for entry in start.inputs
            for variant in start.variants
            for path in entry.paths(variant)
            if (made := self.producer(path)) and made.name in names
        )
        return PipelineError(
            f"the steps form a cycle: {' -> '.join(names)}",
            where=entry.where,
            hint=f"remove one of the dependencies, for example {entry.path!r}",
        )
