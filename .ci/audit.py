"""Check the locked and the lowest allowed versions against published weaknesses, without a network.

The weaknesses are those in ``advisories.toml``: a weakness that is not there is not found. Also,
each locked package must have its hashes. Exit code 1 for a finding.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).parent
LOCK = HERE.parent / "requirements-dev.lock"
LOWEST = re.compile(r'"([\w.-]+)(?:\[\w+\])?>=([\d.]+)')


def main() -> int:
    """Print the findings, and what was compared."""
    advisories = tomllib.loads((HERE / "advisories.toml").read_text())["advisory"]
    used = [*locked(), *lowest()]
    findings = [*without_hashes(), *weak(used, advisories)]
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"{len(used)} versions compared with {len(advisories)} advisories, {len(findings)} found")
    return 1 if findings else 0


def locked() -> Iterator[tuple[str, str, str]]:
    """Where, package and version of each line of the lock file."""
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK.read_text(), re.MULTILINE):
        yield LOCK.name, name, version


def lowest() -> Iterator[tuple[str, str, str]]:
    """The same of each lower bound in pyproject.toml."""
    for name, version in LOWEST.findall((HERE.parent / "pyproject.toml").read_text()):
        yield "pyproject.toml", name, version


def without_hashes() -> Iterator[str]:
    """The packages that pip would install unchecked."""
    for entry in re.split(r"\n(?=\w)", LOCK.read_text()):
        if "==" in entry and "--hash=sha256:" not in entry:
            yield f"{LOCK.name}: {entry.partition(' ')[0]} has no hash"


def weak(used: list[tuple[str, str, str]], advisories: list[dict[str, str]]) -> Iterator[str]:
    """The versions that an advisory names, but for those that are accepted."""
    for advisory in advisories:
        affected = Requirement(advisory["versions"])
        for where, name, version in used:
            is_named = canonicalize_name(name) == canonicalize_name(affected.name)
            if is_named and affected.specifier.contains(version) and "accepted" not in advisory:
                yield f"{where}: {name} {version} has {advisory['id']} ({advisory['versions']})"


if __name__ == "__main__":
    raise SystemExit(main())
