"""What DVC says of stages, parameters and metrics, in the workspace and at revisions of git."""

import contextlib
import itertools
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from dvc.dvcfile import load_file
from dvc.exceptions import DvcException
from dvc.parsing import JOIN, ForeachDefinition, MatrixDefinition
from dvc.parsing.context import Node
from dvc.scm import NoSCM, RevError, resolve_rev
from dvc.stage import PipelineStage
from dvc.stage.utils import split_params_deps
from dvc.utils.serialize import load_path

from nbsnake.compare.rows import StageResult, leaves
from nbsnake.dvc.failures import dvc_failures
from nbsnake.dvc.open import open_repo
from nbsnake.dvc.plots import declared_plots
from nbsnake.errors import UsageError
from nbsnake.job.regular import check_regular
from nbsnake.names import DVC_FILE, PARAMS_FILE, upwards
from nbsnake.render.stage import OWNER
from nbsnake.yaml_limits import check_size

WORKSPACE = "workspace"  # as DVC calls the files that are there now


def read_revisions(revs: Iterable[str]) -> dict[str, list[StageResult]]:
    """The stages of the workspace and of each revision, in the order of dvc.yaml.

    Raises :class:`UsageError` for what is no commit that git knows, and :class:`ToolError` for one
    that DVC cannot read. The workspace stays as it is.
    """
    names = list(dict.fromkeys([WORKSPACE, *revs]))
    with _explained(WORKSPACE), open_repo() as repo:
        _check_revisions(repo, names[1:])
        return {name: _stages(repo, name) for name in names}


def _stages(repo: Any, rev: str) -> list[StageResult]:
    place = contextlib.nullcontext() if rev == WORKSPACE else repo.switch(rev)
    with _explained(rev), place:
        return _Revision(repo).stages()


def _explained(rev: str) -> contextlib.AbstractContextManager[None]:
    """Errors of DVC as ours, with the revision at which they arose."""
    hint = "see: dvc status -v" if rev == WORKSPACE else ""
    return dvc_failures(f"read the project ({rev})", hint)


def _check_revisions(repo: Any, revs: list[str]) -> None:
    if revs and isinstance(repo.scm, NoSCM):
        raise UsageError(f"no such revision: {revs[0]}", hint="the project is not in git")
    for rev in revs:
        try:
            found = resolve_rev(repo.scm, rev) if rev else rev
            resolve_rev(repo.scm, f"{found}^{{commit}}")  # not a file or a folder of one
        except RevError:
            raise UsageError(
                f"no such revision: {rev or repr(rev)}",
                hint="give a branch, a tag or a commit; name steps before --rev",
            ) from None


class _Revision:
    """The project at the revision to which DVC has been switched; each file is read once."""

    def __init__(self, repo: Any) -> None:
        self._repo = repo
        self._found = [each for each in repo.index.stages if isinstance(each, PipelineStage)]
        self._contents: dict[str, Any] = {}

    def stages(self) -> list[StageResult]:
        return [self._stage(stage) for stage in self._found]

    def _stage(self, stage: Any) -> StageResult:
        file = self._relative(stage.path)
        place = "" if file == DVC_FILE else f"{file}:"
        group = stage.raw_data.generated_from or stage.name
        definition = self._definitions.get((stage.path, group))
        item = None
        if definition is not None:
            item = definition.normalized_iterable[stage.name.removeprefix(f"{group}@")]
        param_deps, deps = split_params_deps(stage)
        outs = tuple(map(self._path, stage.outs))
        params = {**_used_values(stage, item), **self._params(param_deps)}
        return StageResult(
            name=f"{place}{stage.name}",
            group=f"{place}{group}",
            notebook=(stage.meta or {}).get(OWNER, ""),
            axes={} if definition is None else _axes(definition, stage.name, _plain(item)),
            params=_without_overlays(params, item),
            deps=tuple(map(self._path, deps)),
            outs=outs,
            metrics={file: data for out in outs for file, data in self._metrics.get(out, ())},
            plots=self._plots_of(stage),
            cmd=stage.cmd or "",
        )

    def _plots_of(self, stage: Any) -> dict[str, dict[str, Any]]:
        """The settings of the plots among a stage's outputs, or in them."""
        plots = {self._path(out): out for out in stage.outs if out.plot}
        found = {
            path: out.plot if isinstance(out.plot, dict) else {} for path, out in plots.items()
        }
        outs = set(map(self._path, stage.outs))
        named = {path: each for path, each in self._plots.items() if outs & {*upwards(path)}}
        return {path: {**found.get(path, {}), **named.get(path, {})} for path in {**found, **named}}

    @cached_property
    def _plots(self) -> dict[str, dict[str, Any]]:
        """The plots that dvc.yaml names apart from all stages, by file."""
        return {
            posixpath.normpath(posixpath.join(posixpath.dirname(self._relative(file)), path)): each
            for file, entries in self._repo.index._plots.items()  # noqa: SLF001  (the only way)
            for path, each in declared_plots(entries).items()
        }

    @cached_property
    def _definitions(self) -> dict[tuple[str, str], Any]:
        """What each ``matrix:`` and ``foreach:`` runs over, by file and name."""
        return {
            (file, name): definition
            for file in {stage.path for stage in self._found if stage.raw_data.generated_from}
            for name, definition in load_file(self._repo, file).resolver.definitions.items()
            if isinstance(definition, ForeachDefinition | MatrixDefinition)
        }

    @cached_property
    def _metrics(self) -> dict[str, list[tuple[str, Any]]]:
        """By output, the metric files that it is or holds, and what these hold.

        So a file belongs to its stage also where dvc.yaml names it apart from all stages.
        """
        for out in (out for stage in self._found for out in stage.outs if out.protocol == "local"):
            with contextlib.suppress(FileNotFoundError):
                check_regular(out.fs_path)
        shown = self._repo.metrics.show(hide_workspace=False)[""]
        if "error" in shown:
            raise DvcException(str(shown["error"]))
        outs = {self._path(out) for stage in self._found for out in stage.outs}
        found = defaultdict(list)
        check_size(shown["data"])
        for file, result in shown["data"].items():
            out = next((up for up in upwards(file) if up in outs), file)
            found[out].append((file, result.get("data")))
        return found

    def _params(self, deps: Iterable[Any]) -> dict[tuple[str, str], Any]:
        """The values of the keys that a stage declares; all of a file without keys."""
        params = {}
        for dep in deps:
            file = self._relative(dep.fs_path)
            content = self._read(file)
            for name, value in _look_up(content, dep.params) if dep.params else [("", content)]:
                params.update({(file, key): leaf for key, leaf in leaves(value, name)})
        return params

    def _read(self, file: str) -> Any:
        """What a parameter file holds, also where it is a result of a stage; {} if it is absent."""
        if file not in self._contents:
            try:
                self._contents[file] = load_path(f"/{file}", self._repo.dvcfs)
            except FileNotFoundError:
                self._contents[file] = {}
            check_size(self._contents[file])
        return self._contents[file]

    def _path(self, output: Any) -> str:
        """The path of an output or a dependency; what is outside of the project keeps its own."""
        return self._relative(output.fs_path) if output.is_in_repo else str(output.def_path)

    def _relative(self, path: str) -> str:
        relative: str = self._repo.fs.relpath(path, self._repo.root_dir)
        return relative


def _axes(definition: Any, name: str, item: Any) -> dict[str, Any]:
    """What makes a variant: of a table's mappings, the entries that hold one value."""
    if isinstance(definition, MatrixDefinition):
        return dict(leaves(item))
    key = {"key": name.rpartition(JOIN)[2]}
    if isinstance(item, dict):
        return {
            name: value for name, value in item.items() if not isinstance(value, dict | list)
        } or key
    has_keys = isinstance(definition.resolved_iterable, Mapping)
    return {**(key if has_keys else {}), "item": item}


def _without_overlays(params: dict[tuple[str, str], Any], item: Any) -> dict[tuple[str, str], Any]:
    """The values of a variant, where those of an overlay count as those of params.yaml."""
    rows = item.values() if isinstance(item, Mapping) else ()
    given = {(row.get("file"), row.get("key")) for row in rows if isinstance(row, Mapping)}
    return {
        (PARAMS_FILE, key) if (file, key) in given else (file, key): value
        for (file, key), value in params.items()
    }


def _plain(value: Any) -> Any:
    """A value that DVC resolved, without its notes on where each part is from."""
    if isinstance(value, Node):
        return value.value
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _used_values(stage: Any, item: Any) -> dict[tuple[str, str], Any]:
    """The values that the stage takes in by ``${...}``, but for those of its own ``${item}``."""
    own = set(_origins(item))
    return {
        (file, key): value
        for file, values in stage.tracked_vars.items()
        for key, value in values.items()
        if own.isdisjoint((file, up) for up in itertools.accumulate(key.split("."), _joined))
    }


def _origins(item: Any) -> Iterator[tuple[str | None, str]]:
    """The files and keys from which the parts of an item were taken."""
    if isinstance(item, Node):
        yield item.meta.source, item.meta.path()
    elif isinstance(item, Mapping):
        for each in item.values():
            yield from _origins(each)


def _joined(path: str, part: str) -> str:
    return f"{path}.{part}"


def _look_up(content: Any, keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The values at the keys, where dots lead inwards; what is not there is left out."""
    for key in keys:
        found = content
        with contextlib.suppress(LookupError, TypeError, ValueError):
            for part in key.split("."):
                found = found[int(part) if isinstance(found, list) else part]
            yield key, found
