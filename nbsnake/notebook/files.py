"""The files of a step: what its docstring, or its own ``dvc run``, says it reads and writes."""

import posixpath
from collections.abc import Iterable, Mapping

from nbsnake.errors import NbsnakeError, NotebookError, Where
from nbsnake.guess import nearest
from nbsnake.model.paths import path_fault
from nbsnake.model.step import Artifact, Role
from nbsnake.notebook.dvc_cmd import StageCall
from nbsnake.notebook.fields import Field
from nbsnake.notebook.params import ParamSpec

ROLES = {
    "dvc-in": Role.DEP,
    "dvc-out": Role.OUT,
    "dvc-out-persist": Role.PERSIST,
    "dvc-metric": Role.METRIC,
    "dvc-plot": Role.PLOT,
    "dvc-notebook": Role.NOTEBOOK,
}

REPORTS = (".ipynb", ".html")


def read_artifacts(
    fields: Iterable[Field], params: Mapping[str, ParamSpec], faults: list[NbsnakeError]
) -> list[Artifact]:
    """The files that the fields name; ``params`` are the parameters that may carry them."""
    artifacts: list[Artifact] = []
    for field in fields:
        name = _carrier(field, params)
        role = ROLES[field.key]
        fault = (
            _carrier_fault(field, name, params, artifacts)
            or path_fault(field.text, role, field.where, f"':{field.key}:'")
            or (_report_fault(field) if role is Role.NOTEBOOK else None)
        )
        if fault is not None:
            faults.append(fault)
        elif name or not _is_repeated(field, artifacts):
            artifacts.append(
                Artifact(
                    path=posixpath.normpath(field.text),
                    role=role,
                    where=field.where,
                    param=name or None,
                    is_dir=field.text.endswith("/"),
                )
            )
    return artifacts


def artifacts_of_call(call: StageCall, where: Where, faults: list[NbsnakeError]) -> list[Artifact]:
    """The files that a ``dvc run`` names."""
    artifacts = []
    for file in call.files:
        fault = path_fault(file.path, file.role, where, "'dvc run'")
        faults += [fault] if fault else []
        artifacts.append(
            Artifact(
                path=posixpath.normpath(file.path),
                role=file.role,
                where=where,
                is_dir=file.path.endswith("/"),
                cache=file.cache,
            )
        )
    return artifacts


def _carrier(field: Field, params: Mapping[str, ParamSpec]) -> str:
    """The parameter that the field names; a dash may replace an underscore."""
    plain = field.argument.replace("-", "_")
    return plain if field.argument not in params and plain in params else field.argument


def _is_repeated(field: Field, artifacts: list[Artifact]) -> bool:
    """Whether a dependency that no parameter carries is there already."""
    path = posixpath.normpath(field.text)
    return ROLES[field.key] is Role.DEP and any(
        each.path == path and not each.is_output for each in artifacts
    )


def _report_fault(field: Field) -> NotebookError | None:
    """What is wrong with where the notebook of a run is to be."""
    if field.argument:
        fault, hint = "takes no parameter", f"write ':{field.key}: {field.text}'"
    elif not field.text.endswith(REPORTS):
        fault, hint = "needs a file that ends in .ipynb or .html", "such as reports/train.html"
    else:
        return None
    return NotebookError(f"':{field.key}:' {fault}", where=field.where, hint=hint)


def _carrier_fault(
    field: Field, name: str, params: Mapping[str, ParamSpec], artifacts: list[Artifact]
) -> NotebookError | None:
    if not name or ROLES[field.key] is Role.NOTEBOOK:
        return None
    if name not in params:
        near = nearest(name, params)
        hint = f"assign it in this cell, or declare it with ':param {name}: what it is'"
        return NotebookError(
            f"':{field.key} {name}:' names a parameter that is not declared",
            where=field.where,
            hint=f"did you mean {near!r}? Otherwise {hint}" if near else hint,
        )
    kind = params[name].type
    if kind and (kind.kind not in ("str", "Path") or kind.choices):
        return NotebookError(
            f"the parameter {name!r} takes a file path, but is declared as {kind}",
            where=field.where,
            hint="declare it as str, Path, or a list of them",
        )
    if any(each.param == name for each in artifacts) and not (kind and kind.is_list):
        return NotebookError(
            f"{name!r} already takes another file",
            where=field.where,
            hint=f"declare it with ':param list[str] {name}:' for several files",
        )
    return None
