"""DVC itself, asked in processes of their own, which neither mocks nor modules of a test reach."""

import multiprocessing
import os
import traceback
from collections.abc import Callable
from multiprocessing import forkserver
from typing import Any, NamedTuple

from dvc.repo import Repo

Ask = Callable[..., Any]  # a function, a folder, and other arguments; the function's answer


class Raised(NamedTuple):
    """An error: the module and the name of its class, and its text."""

    module: str
    name: str
    text: str


class Reproduced(NamedTuple):
    """The stages that DVC reproduced, in its order; or its error and what that was raised from."""

    stages: tuple[str, ...] = ()
    errors: tuple[Raised, ...] = ()


def start() -> Ask:
    """Give what calls a function in a folder, in a fork of a process that has imported DVC.

    That process starts here: in the folder of a test, it would import the test's modules.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dvc.repo.reproduce", "dvc.repo.status"])  # and __main__
    forkserver.ensure_running()
    return lambda *call: _ask(context, call)


def _ask(context: Any, call: tuple[Any, ...]) -> Any:
    answers, end = context.Pipe(duplex=False)
    process = context.Process(target=_call, args=(end, dict(os.environ), *call))
    process.start()
    end.close()
    answer, fault = answers.recv()
    process.join()
    if fault:
        raise RuntimeError(fault)
    return answer


def _call(end: Any, env: dict[str, str], function: Ask, folder: str, *words: Any) -> None:
    os.environ.clear()
    os.environ.update(env)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    os.chdir(folder)
    try:
        end.send((function(*words), ""))
    except Exception:
        end.send((None, traceback.format_exc()))


def reproduce(options: dict[str, Any]) -> Reproduced:
    """What ``dvc repro`` does in the working directory."""
    try:
        with Repo() as repo:
            return Reproduced(tuple(stage.addressing for stage in repo.reproduce(**options)))
    except Exception as error:
        chain = [each for each in (error, error.__cause__) if each]
        return Reproduced((), tuple(map(_raised, chain)))


def _raised(error: BaseException) -> Raised:
    return Raised(type(error).__module__, type(error).__name__, str(error))


def status() -> Any:
    """What ``dvc status`` shows in the working directory, or the error."""
    try:
        with Repo() as repo:
            return repo.status()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
