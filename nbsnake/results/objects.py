"""Whether the cache still has what it had: objects are read again when their files have changed."""

import json
import os

from nbsnake.job.cache import Cache
from nbsnake.job.content import Digest
from nbsnake.job.own import note_own, read_own

FILE = ".nbsnake/objects.json"
FORMAT = 1


class Objects:
    """Knows the state of the objects of outputs by a stamp; :meth:`save` keeps what is new."""

    def __init__(self) -> None:
        self._stamps = _read()
        self._changed = False

    def are_sound(self, home: Cache, content: Digest) -> bool:
        """Whether all objects of a content are there, and hold it where they have changed.

        Objects that were never seen before are taken as DVC takes them: by their protection.
        """
        now, then = home.stamp(content), self._stamps.get(_key(home, content))
        if now is None:
            return False
        if now != then:
            if not (home.has(content) if then is None else home.holds(content)):
                return False
            self.note(home, content)
        return True

    def note(self, home: Cache, content: Digest) -> None:
        """Remember that the objects are sound as they are now."""
        key, now = _key(home, content), home.stamp(content)
        if now is not None and self._stamps.get(key) != now:
            self._stamps[key] = now
            self._changed = True

    def save(self) -> None:
        """Write what is new."""
        if self._changed:
            fields = {"format": FORMAT, "stamps": self._stamps}
            note_own(FILE, json.dumps(fields).encode())
            self._changed = False


def _key(home: Cache, content: Digest) -> str:
    return f"{os.path.basename(home.folder)}/{content.md5}"


def _read() -> dict[str, str]:
    fields = read_own(FILE) or {}
    try:
        stamps = fields["stamps"] if fields["format"] == FORMAT else {}
        return {str(key): str(stamp) for key, stamp in stamps.items()}
    except (KeyError, TypeError, AttributeError):
        return {}
