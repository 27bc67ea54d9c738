"""What a run leaves in a project: which stages ran, and how it differs from what DVC leaves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from both_engines import tree
from dvc.exceptions import DvcException
from dvc.utils.serialize import load_yaml

from nbsnake.job.plan import read_plan
from nbsnake.job.receipt import Receipt, read_receipt

SHOWN = 500  # characters of a file


class Traces(NamedTuple):
    """The receipts and the locked stages by name, the ``.dvc`` files by path, and what is left to
    DVC."""

    receipts: dict[str, Receipt | None]
    locked: dict[str, Any]
    tracked: dict[str, bytes]
    left: dict[str, str]

    def reproduced_since(self, before: "Traces") -> list[str]:
        """The stages and ``.dvc`` files that DVC would name as reproduced."""
        files, runs, entries = (
            [name for name in now if now[name] != then.get(name)]
            for now, then in (
                (self.tracked, before.tracked),
                (self.receipts, before.receipts),
                (self.locked, before.locked),
            )
        )
        return list(dict.fromkeys([*files, *runs, *entries]))

    def executed_since(self, before: "Traces") -> list[str]:
        """The stages whose command ran."""
        new = {name: r for name, r in self.receipts.items() if r != before.receipts.get(name)}
        return [name for name, receipt in new.items() if receipt and not receipt.restored]


def read_traces() -> Traces:
    """The traces in the working directory."""
    plan = read_plan()
    tracked = (path for path in Path().rglob("*.dvc") if path.is_file())
    return Traces(
        receipts={name: read_receipt(name) for name in plan.steps} if plan else {},
        locked=_locked(),
        tracked={path.as_posix(): path.read_bytes() for path in tracked},
        left=plan.left if plan else {},
    )


def _locked() -> dict[str, Any]:
    try:
        stages: dict[str, Any] = load_yaml("dvc.lock").get("stages", {})
    except (DvcException, OSError, AttributeError):
        return {}
    return stages


def read_files(root: Path) -> dict[str, str]:
    """Every path below the root, with its mode, its digest and how it begins."""
    return {
        path: f"{mode} {md5} {(root / path).read_bytes()[:SHOWN]!r}" if md5 else mode
        for path, (mode, md5) in tree(root)
    }


def differences(ours: dict[str, str], theirs: dict[str, str]) -> Iterator[str]:
    """Each path that differs; a folder only if nothing inside it does."""
    both = {path: (ours.get(path, "none"), theirs.get(path, "none")) for path in {*ours, *theirs}}
    changed = sorted(path for path, (a, b) in both.items() if a != b)
    for path in changed:
        if not any(other.startswith(f"{path}/") for other in changed):
            yield f"{path}: nbsnake {both[path][0]}, DVC {both[path][1]}"
