"""How DVC reads the files of a project: of a pipe or a device, it would read for ever, and a lock
of thousands of stages takes ruamel.yaml most of a command's time.
"""

import contextlib
import itertools
import math
from collections.abc import Iterable, Iterator
from typing import IO, Any

from dvc import parsing
from dvc.config import Config
from dvc.exceptions import DvcException
from dvc.utils import serialize, strictyaml
from dvc.utils.serialize import _yaml
from dvc_objects.fs.local import FsspecLocalFileSystem

from nbsnake.job.regular import check_regular, open_without_waiting
from nbsnake.model.variants import MOST_VARIANTS
from nbsnake.plain_yaml import NotPlainError, read_plain

_by_ruamel = _yaml.parse_yaml


@contextlib.contextmanager
def regular_files() -> Iterator[None]:
    """While it lasts, DVC raises :class:`NotRegularError` for what is no file."""
    opened = FsspecLocalFileSystem.open
    FsspecLocalFileSystem.open = _open
    try:
        yield
    finally:
        FsspecLocalFileSystem.open = opened


def _open(_: Any, path: str, mode: str = "r", encoding: str | None = None, **__: Any) -> IO[Any]:
    """As DVC's method of a file system; a file that it writes need not be there."""
    with contextlib.suppress(FileNotFoundError):
        check_regular(path)
    return open(path, mode, encoding=encoding, opener=open_without_waiting)


@contextlib.contextmanager
def plain_yaml() -> Iterator[None]:
    """While it lasts, DVC reads YAML by libyaml where that gives what ruamel.yaml gives."""
    places = (_yaml, serialize, strictyaml)
    for place in places:
        place.parse_yaml = _parse_yaml
    try:
        yield
    finally:
        for place in places:
            place.parse_yaml = _by_ruamel


def _parse_yaml(text: str, path: str, typ: str = "safe") -> Any:
    """As DVC's function; ``typ`` is "rt" for a document that is to be written again."""
    if typ == "safe":
        with contextlib.suppress(NotPlainError):
            return read_plain(text) or {}
    return _by_ruamel(text, path, typ)


@contextlib.contextmanager
def limited_matrices() -> Iterator[None]:
    """While it lasts, DVC raises for a ``matrix:`` that means more stages than anybody runs."""
    parsing.product = _product
    try:
        yield
    finally:
        parsing.product = itertools.product


def _product(*axes: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    held = [[*axis] for axis in axes]
    if (count := math.prod(map(len, held))) > MOST_VARIANTS:
        raise DvcException(f"a matrix of {count:,} stages; {MOST_VARIANTS:,} are the most")
    return itertools.product(*held)


def read_config() -> Config:
    """DVC's settings for the project in the working directory. Raises as DVC does."""
    with regular_files():
        return Config(".dvc", validate=False)
