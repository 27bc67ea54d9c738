"""Testing the code of notebooks: the script of a step, run with parameters in this process.

:mod:`nbsnake.fixtures` has the same as a fixture of pytest.
"""

import contextlib
import os
import posixpath
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any
from unittest import mock

from nbsnake.errors import StaleError, UsageError, Where
from nbsnake.generate.generate import find_pipeline, find_scripts
from nbsnake.job.regular import read_regular
from nbsnake.job.runner.used import is_installed
from nbsnake.model.choose import choose_steps
from nbsnake.model.paramtype import text_of
from nbsnake.model.step import Source, Step
from nbsnake.python.script_diff import is_same_program
from nbsnake.render.values import OPTION, to_json
from nbsnake.settings.discover import find_root


def run_step(
    step: str,
    params: Mapping[str, Any] = MappingProxyType({}),
    *,
    project: str | os.PathLike[str] = ".",
    outputs: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Run the script of a step, and return the names that its cells leave, with their values.

    ``params`` replace the defaults of the script, which are the values in the notebook; the paths
    of its files are parameters like others. With ``outputs``, a folder, each output that is not
    among them is written below it, so that a test changes nothing in the project. The script runs
    in the project's root; its errors are raised.

    Raises :class:`UsageError` for a step or a parameter that does not exist, or for an output that
    no parameter carries where ``outputs`` is given; and :class:`StaleError` for a script that is
    not what its notebook gives.
    """
    root = find_root(Path(project).resolve())
    folder = os.path.abspath(outputs) if outputs is not None else None
    with contextlib.chdir(root):
        found = _step(step)
        given = {name: _plain(value) for name, value in params.items()}
        _check_names(found, given)
        given = {**_outputs(found, folder, given), **given} if folder else given
        text = _script(found)
        with _options(given, text) as words:
            return _run(found.script, text, words)


def _step(name: str) -> Step:
    steps = {step.name: step for step in find_pipeline().steps}
    chosen = choose_steps([name], {each: step.notebook for each, step in steps.items()})
    if len(chosen) > 1:
        raise UsageError(f"{name} means {len(chosen)} steps", hint=f"name one: {chosen[0]}")
    return steps[chosen[0]]


def _script(step: Step) -> str:
    text = read_regular(step.script).decode() if os.path.exists(step.script) else ""
    if not is_same_program(text, find_scripts()[step.script]):
        hint = "run: nbsnake generate"
        raise StaleError("is not what its notebook gives", where=Where(step.script), hint=hint)
    return text


def _check_names(step: Step, given: Mapping[str, Any]) -> None:
    known = [argument.name for argument in step.arguments]
    if unknown := [name for name in given if name not in known]:
        hint = f"its parameters: {', '.join(known) or 'none'}"
        raise UsageError(f"{step.name} has no parameter {unknown[0]!r}", hint=hint)


def _outputs(step: Step, folder: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Where the outputs go that the test does not name."""
    loose = [each.path for each in step.artifacts if each.is_output and not each.param]
    if loose:
        hint = "declare it with a name, as in ':dvc-out model: models/model.pkl'"
        message = f"{loose[0]} has no parameter, so the script would write it in the project"
        raise UsageError(message, hint=hint)
    written = {each.param for each in step.artifacts if each.is_output}
    return {
        argument.name: _below(folder, argument.value)
        for argument in step.arguments
        if argument.source is Source.FILE and argument.name in written - given.keys()
    }


def _below(folder: str, path: Any) -> Any:
    if isinstance(path, list):
        return [_below(folder, each) for each in path]
    return posixpath.join(folder, path)


def _plain(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


@contextlib.contextmanager
def _options(given: Mapping[str, Any], script: str) -> Iterator[list[str]]:
    """The words of the command line; a file for values that these cannot carry."""
    if OPTION not in script:
        yield [f"--{name}={text_of(value)}" for name, value in given.items()]
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "values.json")
        path.write_text(to_json(given))
        yield [f"{OPTION}={path}"] if given else []


@contextlib.contextmanager
def _modules(main: ModuleType) -> Iterator[None]:
    """A script as ``__main__``; the project's own modules that it imports are dropped after it.

    Others stay: some compiled ones can be imported only once in a process.
    """
    before, root = dict(sys.modules), os.getcwd() + os.sep
    sys.modules["__main__"] = main
    try:
        yield
    finally:
        for name in {*sys.modules} - {*before}:
            if _is_below(root, sys.modules[name]):
                del sys.modules[name]
        sys.modules.update(before)


def _is_below(root: str, module: Any) -> bool:
    places = (getattr(module, "__file__", None), *(getattr(module, "__path__", None) or ()))
    return any(
        isinstance(each, str) and each.startswith(root) and not is_installed(each)
        for each in places
    )


def _run(path: str, text: str, words: list[str]) -> dict[str, Any]:
    """Run a script as Python does; this process then has its own modules and settings again."""
    full = os.path.abspath(path)
    module = ModuleType("__main__")
    module.__file__ = full
    with (
        _modules(module),
        mock.patch.dict(os.environ),
        mock.patch.object(sys, "argv", [full, *words]),
        mock.patch.object(sys, "path", [os.path.dirname(full), *sys.path]),
    ):
        exec(compile(text, full, "exec", dont_inherit=True), vars(module))  # noqa: S102  (what was asked for)
    return dict(vars(module))
