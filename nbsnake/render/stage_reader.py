"""Generated stages of dvc.yaml, read back: their variants, and what each rule's job is to run.

Of the templates that DVC fills in (``${item.axis}``, ``${key}``, ``${section}``) those are known
here that `nbsnake.render.stage` writes.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from nbsnake.errors import PipelineError, StaleError, Where
from nbsnake.job.shape import ShapeError, is_text_map, parse
from nbsnake.model.paramtype import has_value_at, shown, text_of, value_at
from nbsnake.model.variants import UNSAFE, fill, is_instance, is_safe, names_in, scalar_text
from nbsnake.names import DVC_FILE, PARAMS_FILE, full_name
from nbsnake.places import place_of
from nbsnake.render.stage import AUTHORED, FAN_IN, KEYS, LISTS, OWNER, is_ours
from nbsnake.render.values import OPTION, STDIN, by_param, values_path

_ROWS = dict[str, dict[str, Any]]
_SHAPES = {
    "deps": list[str] | None,
    "params": list[str | dict[str, list[str]]] | None,
    **dict.fromkeys(("outs", "metrics", "plots"), list[str | dict[str, dict[str, Any]]] | None),
}
_ITEM = re.compile(r"(?<!\\)\$\{(item\.[\w.]+|key)\}")
_AXIS = re.compile(r"\$\{item\.(\w+)\}")


@dataclass(frozen=True)
class Stage:
    """A generated stage; ``rows`` are its variants by key, one without a key for no variants."""

    name: str
    body: Mapping[str, Any]
    rows: Mapping[str, Mapping[str, Any]]

    @cached_property
    def outs(self) -> dict[str, None]:
        """The paths that it writes, with ``{axis}`` for what differs."""
        entries = [each for kind in ("outs", "metrics", "plots") for each in self._list(kind)]
        return {_AXIS.sub(r"{\1}", next(iter(_as_dict(entry)))): None for entry in entries}

    def _list(self, kind: str) -> list[Any]:
        return self.body.get(kind) or []

    @property
    def is_authored(self) -> bool:
        """Whether the command is the author's own."""
        return AUTHORED in self.body["meta"]

    @property
    def fan_ins(self) -> dict[str, str]:
        """The parameters that take what all variants of another stage write, with the path."""
        return self.body["meta"].get(FAN_IN) or {}

    @property
    def keys(self) -> dict[str, str]:
        """The parameters that take values of another name, with the keys of these."""
        return self.body["meta"].get(KEYS) or {}

    def axes(self, key: str) -> dict[str, str]:
        """The values of a variant's axes, as texts."""
        row = self.rows[key].items()
        return {name: scalar_text(value) for name, value in row if not isinstance(value, Mapping)}

    @cached_property
    def values(self) -> dict[str, set[str]]:
        """The values of each axis over all variants."""
        found: dict[str, set[str]] = {}
        for key in self.rows:
            for name, text in self.axes(key).items():
                found.setdefault(name, set()).add(text)
        return found

    def fill(self, text: str, key: str) -> str:
        """The text as DVC fills it in for a variant."""

        def value(match: re.Match[str]) -> str:
            found: Any = key
            if match[1] != "key":
                try:
                    found = value_at(self.rows[key], match[1].removeprefix("item."))
                except (KeyError, TypeError):
                    raise _stale(self.name, f"no value for ${{{match[1]}}}") from None
            return scalar_text(found)

        return _ITEM.sub(value, text)

    def params(self, key: str, read: Callable[[str], Mapping[str, Any]]) -> dict[str, Any]:
        """The values that a variant's script takes from parameter files, by parameter.

        ``read`` gives what a file holds. Raises :class:`PipelineError` for one that is missing.
        """
        values: dict[str, Any] = {}
        for entry in self._list("params"):
            files = {PARAMS_FILE: [entry]} if isinstance(entry, str) else entry
            for file, keys in files.items():
                path = self.fill(file, key)
                for each in (self.fill(key_, key) for key_ in keys):
                    if not has_value_at(read(path), each):
                        raise PipelineError(
                            f"{each} is missing, which {DVC_FILE} takes from here",
                            where=Where(path),
                            hint="set it, or run: nbsnake generate",
                        )
                    values[each] = value_at(read(path), each)
        return by_param(values, self.keys)


def _as_dict(entry: Any) -> dict[str, Any]:
    return entry if isinstance(entry, dict) else {entry: None}


def read_stages(document: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Stage]:
    """The generated stages of a dvc.yaml; ``params`` is what params.yaml holds.

    Raises :class:`StaleError` where a stage fits params.yaml no more.
    """
    stages = {}
    given = document.get("stages") or {}
    if not isinstance(given, dict):
        raise PipelineError(
            "is not a mapping of stages", where=Where(DVC_FILE), hint="write them below 'stages:'"
        )
    for name, stage in given.items():
        if is_ours(stage):
            body = stage.get("do", stage)
            _check_shape(name, stage, body)
            stages[name] = Stage(name, body, _rows(name, stage, params))
    return stages


def _check_rows(rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise :class:`ShapeError` for a value of a variant that is none; any number is one."""
    for row, values in rows.items():
        for key, value in values.items():
            if not (isinstance(value, str | int | float) or is_text_map(value)):
                raise ShapeError(f"foreach.{row}.{key}", "a number or a text")


def _check_shape(name: str, stage: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Raise :class:`StaleError` for a stage that is not of the form of generated ones."""
    try:
        for key, kind in _SHAPES.items():
            parse(kind, body.get(key), key)
        parse(str, name, "its name")
        parse(str, body.get("cmd"), "cmd")
        shlex.split(body["cmd"])
        meta = parse(dict[str, str | bool | dict[str, str]], body["meta"], "meta")
        parse(str, meta[OWNER], f"meta.{OWNER}")
        for key in (FAN_IN, KEYS, LISTS):
            parse(dict[str, str] | None, meta.get(key), f"meta.{key}")
        _check_rows(parse(_ROWS | None, stage.get("foreach"), "foreach") or {})
        parse(dict[str, str | list[Any]] | None, stage.get("matrix"), "matrix")
    except ValueError as error:
        raise _stale(name, f"another form: {error}") from None


def _rows(name: str, stage: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    if "foreach" in stage:
        rows = dict(stage["foreach"])
        for axis, key in stage["do"]["meta"].get(LISTS, {}).items():
            given = {scalar_text(row.get(axis, "")) for row in rows.values()}
            if given != {scalar_text(value) for value in _list_at(params, key)}:
                raise _stale(name, f"other values of {axis} than {key} in {PARAMS_FILE}")
        return rows
    if "matrix" not in stage:
        return {"": {}}
    lists = {
        axis: _list_at(params, given[2:-1]) if isinstance(given, str) else given
        for axis, given in stage["matrix"].items()
    }
    rows = {}
    for values in product(*lists.values()):
        row = dict(zip(lists, values, strict=True))
        key = "-".join(map(scalar_text, values))
        if key in rows:
            raise PipelineError(
                f"two variants of {name!r} would have the same name {key!r}",
                where=Where(PARAMS_FILE),
                hint="choose values without dashes",
            )
        rows[key] = row
    return rows


def _list_at(params: Mapping[str, Any], key: str) -> list[Any]:
    """The values of an axis as params.yaml has them now, which were checked for other ones."""
    found = value_at(params, key) if has_value_at(params, key) else None
    if not isinstance(found, list) or not found:
        raise PipelineError(
            f"{key} is not a list of values, which {DVC_FILE} takes from here",
            where=place_of(PARAMS_FILE, key.split(".")),
            hint="set it, or run: nbsnake generate",
        )
    texts: list[str] = []
    for index, value in enumerate(found):
        if not is_safe(value) or isinstance(value, bool) or scalar_text(value) in texts:
            raise PipelineError(
                f"the value {shown(value)} of {key} appears twice, or cannot be part of a path",
                where=place_of(PARAMS_FILE, (*key.split("."), index)),
                hint=UNSAFE,
            )
        texts.append(scalar_text(value))
    return found


def _stale(name: str, why: str) -> StaleError:
    return StaleError(
        f"the stage {name!r} has {why}", where=Where(DVC_FILE), hint="run: nbsnake generate"
    )


def fan_in_paths(stage: Stage, key: str, stages: Mapping[str, Stage]) -> dict[str, list[str]]:
    """For each parameter that takes all variants of another stage, the paths that there are.

    Raises :class:`StaleError` where the stage was generated for others.
    """
    found = {}
    deps = {stage.fill(dep, key) for dep in stage.body.get("deps") or []}
    for param, pattern in stage.fan_ins.items():
        path = fill(pattern, stage.axes(key))
        paths = dict.fromkeys(
            fill(path, maker.axes(row))
            for maker in stages.values()
            if any(is_instance(pattern, out, maker.values) for out in maker.outs)
            for row in maker.rows
        )
        maybe = re.compile("[^/]+".join(map(re.escape, _cut(path))))
        if not set(paths) <= deps or any(maybe.fullmatch(dep) and dep not in paths for dep in deps):
            raise _stale(stage.name, f"inputs {param!r} that do not match the variants")
        found[param] = list(paths)
    return found


def _cut(path: str) -> list[str]:
    """The parts of a path between the names of axes."""
    return re.split("|".join(re.escape(f"{{{name}}}") for name in names_in(path)), path)


def rule_argv(
    stage: Stage, key: str, given: Mapping[str, Any], lists: Mapping[str, Any]
) -> tuple[str, ...]:
    """The words of the rule's command that do what a variant's command does.

    ``given`` are the values of parameter files, ``lists`` the paths that are too many for a
    command. In the rule each value is an option of its own, or all are in one file; a command that
    the author wrote is for a shell.
    """
    cmd = stage.fill(stage.body["cmd"], key)
    if stage.is_authored:
        return ("bash", "-c", _unescaped(cmd))
    name = full_name(stage.name, key)
    piped = f"nbsnake params {name} | "
    if cmd.startswith(piped):
        words = [_unescaped(word) for word in shlex.split(cmd.removeprefix(piped))]
        file = f"{OPTION}={values_path(name, {**given, **lists})}"
        return tuple(file if word == STDIN else word for word in words)
    section = unpacked_section(cmd)
    resets = {f"--no-{name}" for name in given} | {f"--{name}=[]" for name in given}
    words = [word for word in shlex.split(cmd) if not section or word != f"${{{section}}}"]
    fixed = [_unescaped(word) for word in words if word not in resets]
    return (*fixed, *(f"--{name}={text_of(value)}" for name, value in given.items()))


def unpacked_section(cmd: str) -> str:
    """The section of params.yaml that a command ends in, "" for none."""
    match = re.search(r"(?:^| )\$\{(\w+)\}$", cmd)
    return match[1] if match else ""


def overlay_files(stages: Mapping[str, Stage]) -> list[str]:
    """The files besides params.yaml from which single variants take values."""
    rows = [row for stage in stages.values() for row in stage.rows.values()]
    given = [each for row in rows for each in row.values() if isinstance(each, Mapping)]
    return sorted({each["file"] for each in given if "file" in each} - {PARAMS_FILE})


def lists_in_file(stage: Stage, lists: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Those of the lists that the stage's command does not hold."""
    cmd: str = stage.body["cmd"]
    return {name: paths for name, paths in lists.items() if f"--{name}=" not in cmd}


def _unescaped(text: str) -> str:
    return text.replace("\\${", "${")
