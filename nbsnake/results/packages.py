"""With which software results were made, where that is not today's."""

import platform
from collections.abc import Iterator
from functools import cache
from importlib import metadata

from nbsnake.job.receipt import Receipt


def other_software(receipt: Receipt) -> Iterator[str]:
    """What differs between the run on record and this environment, a few words for each.

    Packages are known by the name by which they are imported.
    """
    if receipt.python and receipt.python != platform.python_version():
        yield f"Python {receipt.python}, now {platform.python_version()}"
    for name, then in receipt.packages.items():
        now = _version(name)
        if now != then:
            yield f"{name} {then}, now {now or 'not installed'}"


def _version(package: str) -> str:
    """The installed version, "" for none."""
    names = _distributions().get(package) or [package]
    try:
        return metadata.version(names[0])
    except metadata.PackageNotFoundError:
        return ""


@cache
def _distributions() -> dict[str, list[str]]:
    return {name: list(found) for name, found in metadata.packages_distributions().items()}
