"""The digests of the project's files, each read once for as long as its stamp stays the same.

Standard library only: this runs inside every job.
"""

import os
from collections.abc import Sequence
from typing import Any

from nbsnake.job.content import TRIES, Digest, digest, stamp
from nbsnake.job.inside import inside
from nbsnake.job.keyed import find_keyed, read_keyed, to_keyed
from nbsnake.job.own import note_own, throw_away
from nbsnake.job.receipt import Receipt, Seen
from nbsnake.job.records import touched_since
from nbsnake.job.say import say

DIGESTS_FILE = ".nbsnake/digests.jsonl"
FORMAT = 2


class Digests:
    """Answers what a path holds, from memory where its stamp is known, else by reading it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Digest]] = {}
        self._changed = False

    def of(self, path: str) -> Digest | None:
        """The content of ``path``; None when there is nothing."""
        now = stamp(path)
        if now is None:
            return None
        then, content = self._known.get(path, (None, None))
        return content if content and then == now else self._read(path, now)

    def _read(self, path: str, now: str) -> Digest | None:
        """Digest the path; what changes meanwhile is read again, and in the end not remembered."""
        for _ in range(TRIES):
            content, before = digest(path), now
            after = stamp(path)
            if after is None:
                return None
            if after == before:
                self._learn(path, after, content)
                return content
            now = after
        say(f"{path} changes while it is read; nothing is known of it until that ends")
        return content

    def known(self, path: str) -> Digest | None:
        """The content of ``path`` as far as it is known without reading it."""
        then, content = self._known.get(path, (None, None))
        return content if content and then == stamp(path) else None

    def trust(self, receipt: Receipt) -> dict[str, Digest]:
        """Take over what a job saw of its files, where nothing but Snakemake's touch came after."""
        taken = {}
        for seen in (*receipt.deps, *receipt.outs):
            now = stamp(seen.path)
            known = self._known.get(seen.path, ("",))[0]
            if now and known != now and _holds(seen, now, receipt):
                self._learn(seen.path, now, seen.content)
                taken[seen.path] = seen.content
        return taken

    def retime(self, path: str, mtime_ns: int) -> None:
        """Set the modification time of ``path``, which does not make its content unknown.

        Of a folder it is that of the stamp that Snakemake left in it, if there is one.
        """
        content = self.of(path)
        carrier = time_carrier(path)
        os.utime(inside(carrier), ns=(mtime_ns, mtime_ns), follow_symlinks=False)
        now = stamp(path)
        if content and now:
            self._learn(path, now, content)

    def _learn(self, path: str, now: str, content: Digest) -> None:
        self._known[path] = (now, content)
        self._changed = True

    def save(self) -> None:
        """Remember for the next process; only the head process does this, never a job."""
        if self._changed:
            fields = {
                path: [then, content.to_dict()] for path, (then, content) in self._known.items()
            }
            note_own(DIGESTS_FILE, to_keyed({"format": FORMAT}, fields))
            self._changed = False


def time_carrier(path: str) -> str:
    """The file whose modification time Snakemake takes for that of ``path``."""
    inside = os.path.join(path, ".snakemake_timestamp")
    return inside if os.path.exists(inside) else path


def read_digests() -> Digests:
    """What earlier processes remembered; nothing where the file is absent or of another format."""
    return _digests_from(read_keyed(DIGESTS_FILE))


def read_digests_of(paths: Sequence[str]) -> Digests:
    """What they remembered of these paths."""
    return _digests_from(find_keyed(DIGESTS_FILE, *paths))


def _digests_from(found: tuple[Any, dict[str, Any]] | None) -> Digests:
    digests = Digests()
    try:
        if found and found[0]["format"] == FORMAT:
            digests._known = {  # noqa: SLF001
                path: (then, Digest.from_dict(content))
                for path, (then, content) in found[1].items()
            }
    except (ValueError, KeyError, TypeError, AttributeError):
        throw_away(DIGESTS_FILE, "has another form")
    return digests


def _holds(seen: Seen, now: str, receipt: Receipt) -> bool:
    if seen.stamp == now:
        return True
    same_size = os.path.isfile(seen.path) and os.stat(seen.path).st_size == seen.content.size
    return same_size and touched_since(seen.path, receipt.started, receipt.ended)
