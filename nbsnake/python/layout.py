"""Where a project keeps its own packages, by its packaging files and by custom.

An editable install puts these folders on Python's path. They are read from the project, not from
the environment, so that every machine generates the same files.
"""

import ast
import configparser
import os
import posixpath
import tomllib
from collections.abc import Iterator
from typing import Any

from nbsnake.job.regular import read_regular

_DEPTH = 2  # how many folders down a project of a monorepo is looked for
_LEFT_OUT = frozenset({"node_modules", "site-packages", "workflow", "logs"})


class Layout:
    """The folders from which code of the project imports; ``files`` are those that it rests on."""

    def __init__(self) -> None:
        self.files: list[str] = []
        found: dict[str, None] = {}
        for folder in _projects(".", _DEPTH):
            if own := self._declared(folder):
                found |= dict.fromkeys(own)
            if folder == "." or own is not None:
                found |= dict.fromkeys((folder, posixpath.normpath(f"{folder}/src")))
        self.folders = tuple(found)

    def _declared(self, folder: str) -> list[str] | None:
        """The folders that packaging files name; None where there are none of these files."""
        readers = {"pyproject.toml": _in_toml, "setup.cfg": _in_cfg, "setup.py": _in_setup}
        found: list[str] | None = None
        for name, reader in readers.items():
            path = posixpath.normpath(f"{folder}/{name}")
            if folder == "." or os.path.exists(path):
                self.files.append(path)
            try:
                text = read_regular(path).decode()
            except (OSError, UnicodeDecodeError):
                continue
            found = found or []
            try:
                found += [posixpath.normpath(f"{folder}/{each}") for each in reader(text)]
            except (ValueError, SyntaxError, configparser.Error, AttributeError, TypeError):
                continue  # what is wrong in it is for its own tool to say
        return found


def _projects(top: str, depth: int) -> Iterator[str]:
    yield top
    if not depth:
        return
    try:
        inner = sorted(
            entry.name for entry in os.scandir(top) if entry.is_dir(follow_symlinks=False)
        )
    except OSError:
        return
    for name in inner:
        path = posixpath.normpath(f"{top}/{name}")
        is_venv = os.path.exists(f"{path}/pyvenv.cfg")
        if not name.startswith(".") and name not in _LEFT_OUT and not is_venv:
            yield from _projects(path, depth - 1)


def _in_toml(text: str) -> Iterator[str]:
    tool: dict[str, Any] = tomllib.loads(text).get("tool", {})
    setuptools = tool.get("setuptools", {})
    yield from setuptools.get("package-dir", {}).values()
    find = setuptools.get("packages", {})
    yield from find.get("find", {}).get("where", []) if isinstance(find, dict) else []
    for each in tool.get("poetry", {}).get("packages", []):
        yield each.get("from", ".")
    wheel = tool.get("hatch", {}).get("build", {}).get("targets", {}).get("wheel", {})
    yield from (posixpath.dirname(each) or "." for each in wheel.get("packages", []))
    if where := tool.get("pdm", {}).get("build", {}).get("package-dir"):
        yield where


def _in_cfg(text: str) -> Iterator[str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    for line in parser.get("options", "package_dir", fallback="").splitlines():
        yield from [line.partition("=")[2].strip()] if "=" in line else []
    where = parser.get("options.packages.find", "where", fallback="").strip()
    yield from [where] if where else []


def _in_setup(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.keyword) and node.arg in ("package_dir", "where"):
            value = ast.literal_eval(node.value)
            yield from value.values() if isinstance(value, dict) else [value]
