"""dvc.lock: what is known of each stage, read and written as DVC 3 does."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbsnake.errors import NbsnakeError, ToolError, Where, raise_all
from nbsnake.job.atomic import write_atomically
from nbsnake.job.lockentry import entry_fault
from nbsnake.job.lockmemo import read_lock_memo, write_lock_memo
from nbsnake.job.locktext import NotPlain, entry_text, key_text
from nbsnake.job.own import readers_of_params
from nbsnake.job.regular import read_regular
from nbsnake.names import LOCK_FILE
from nbsnake.places import place_of
from nbsnake.yaml_limits import check_size, limited_time

Entry = dict[str, Any]
HEAD = "schema: '2.0'\nstages:\n"
RESTORE = f"restore it: git checkout {LOCK_FILE}"
SHOWN = 3  # of the stages in a message
_CONFLICT = re.compile(r"^<{7} ", re.MULTILINE)


def read_lock() -> dict[str, Entry]:
    """All stages of dvc.lock; none where the file is absent. YAML is parsed only if it changed.

    Raises :class:`ToolError` for a file that is not a dvc.lock of DVC 2 or 3.
    """
    stages = read_lock_memo()
    if stages is None:
        stages = _parse(_text()).get("stages") or {}
        write_lock_memo(stages)
    return stages


def parse_lock(text: str) -> dict[str, Entry]:
    """All stages of a dvc.lock, such as that of a commit. Raises as :func:`read_lock`."""
    stages: dict[str, Entry] = _parse(text).get("stages") or {}
    return stages


def check_conflicts() -> None:
    """Raise :class:`ToolError` where git left conflict markers; nothing is parsed for it."""
    _refuse_conflicts(_text())


def write_lock(entries: Mapping[str, Entry]) -> None:
    """Put the entries into dvc.lock as DVC would: in place, or behind those that are there.

    Where all of the file is as DVC prints it, the other stages are not printed again. Raises
    :class:`ToolError` as :func:`read_lock` does.
    """
    stages, text = read_lock(), _text()
    blocks = _blocks(stages, text)
    if blocks is None:
        data = _updated_document(text, entries)
    else:
        blocks.update({name: _block(name, entry) for name, entry in entries.items()})
        data = HEAD + "".join(blocks.values())
    write_atomically(LOCK_FILE, data.encode(), limit=readers_of_params())
    write_lock_memo({**stages, **entries})


def entry_document(entry: Entry) -> bytes:
    """An entry as a file of its own, which is what DVC's run-cache holds."""
    return _printed(entry, 0).encode()


def _text() -> str:
    try:
        return read_regular(LOCK_FILE).decode().replace("\r\n", "\n")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ToolError(f"cannot be read: {reason}", where=Where(LOCK_FILE)) from None


def _blocks(stages: Mapping[str, Entry], text: str) -> dict[str, str] | None:
    """The text of each stage; None where the file is not what DVC makes of its stages."""
    blocks = {name: _block(name, entry) for name, entry in stages.items()}
    return blocks if text in (HEAD + "".join(blocks.values()), "") else None


def _block(name: str, entry: Entry) -> str:
    try:
        return f"  {key_text(name)}:\n{_printed(entry, 4)}"
    except NotPlain:
        from dvc.utils.serialize import dumps_yaml  # slow, and seldom needed

        text: str = dumps_yaml({"stages": {name: _own(entry)}})
        return text.removeprefix("stages:\n")


def _printed(entry: Entry, indent: int) -> str:
    try:
        return entry_text(entry, indent)
    except NotPlain:
        from dvc.utils.serialize import dumps_yaml  # slow, and seldom needed

        if not indent:
            return str(dumps_yaml(_own(entry)))
        text: str = dumps_yaml({"stages": {"x": _own(entry)}})
        return text.removeprefix("stages:\n  x:\n")


def _own(entry: Entry) -> Entry:
    """A copy in which no value appears twice, for which ruamel.yaml would write an alias."""
    copied: Entry = json.loads(json.dumps(entry))
    return copied


def _updated_document(text: str, entries: Mapping[str, Entry]) -> str:
    """What DVC makes of a file that was written by hand or by another program: comments stay."""
    from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update  # slow, and seldom needed

    document = parse_yaml_for_update(text, LOCK_FILE)
    document["stages"] = document.get("stages") or {}
    document["stages"].update({name: _own(entry) for name, entry in entries.items()})
    return str(dumps_yaml(document))


def _parse(text: str) -> dict[str, Any]:
    if not text:
        return {}
    _refuse_conflicts(text)
    try:
        with limited_time(text):
            document = _document(text)
        check_size(document)
    except Exception as error:  # ruamel.yaml raises many kinds of errors for invalid YAML
        raise ToolError(str(error), where=Where(LOCK_FILE)) from None
    if (
        not isinstance(document, dict)
        or document.get("schema") != "2.0"
        or not isinstance(document.get("stages") or {}, dict)
    ):
        raise ToolError(
            "is not a lock file of DVC 2 or 3",
            where=Where(LOCK_FILE),
            hint=RESTORE,
        )
    raise_all([*_schema_faults(document)])
    raise_all([*_value_faults(document.get("stages") or {})])
    return document


def _document(text: str) -> Any:
    from nbsnake.plain_yaml import NotPlainError, read_plain  # slow, and seldom needed

    try:
        return read_plain(text)
    except NotPlainError:
        from dvc.utils.serialize import parse_yaml  # slow, and seldom needed

        return parse_yaml(text, LOCK_FILE)


def locked_by_dvc2(lock: Mapping[str, Entry]) -> str:
    """A message that names the stages whose outputs DVC 2 locked, "" where there are none.

    Their digests have no ``hash``, and their objects lie in another place of the cache.
    """
    names = [
        name
        for name, entry in lock.items()
        if any("md5" in out and "hash" not in out for out in entry.get("outs", ()))
    ]
    if not names:
        return ""
    shown = f"{', '.join(names[:SHOWN])}{f' and {len(names) - SHOWN} more' * (len(names) > SHOWN)}"
    return (
        f"{LOCK_FILE}: DVC 2 locked {shown}, and the objects of its outputs are in another place\n"
        "  hint: run once: dvc cache migrate --dvc-files"
    )


def _refuse_conflicts(text: str) -> None:
    if conflict := _CONFLICT.search(text):
        raise ToolError(
            "contains merge conflicts",
            where=Where(LOCK_FILE, line=text.count("\n", 0, conflict.start()) + 1),
            hint=f"take one side (git checkout --ours {LOCK_FILE}); what it does not have is "
            "restored from the cache",
        )


def _schema_faults(document: Any) -> Iterator[NbsnakeError]:
    """What DVC's schema does not allow: entries written by hand, or merged wrongly."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA  # slow, and seldom needed
    from voluptuous import MultipleInvalid  # slow, and seldom needed

    try:
        COMPILED_LOCKFILE_SCHEMA(document)
    except MultipleInvalid as found:
        for error in found.errors:
            keys: list[Any] = error.path
            yield _fault(keys, f"{'.'.join(map(str, keys))}: {error.msg}")


def _value_faults(stages: Mapping[Any, Any]) -> Iterator[NbsnakeError]:
    """What DVC would not write: to use it as a path, a digest or a size could do harm."""
    for name, entry in stages.items():
        keys, fault = entry_fault(entry)
        if fault or not isinstance(name, str):
            path = ".".join(map(str, ("stages", name, *keys)))
            yield _fault(["stages", name, *keys], f"{path} {fault or 'is not the name of a stage'}")


def _fault(keys: Sequence[Any], message: str) -> NbsnakeError:
    return ToolError(message, where=place_of(LOCK_FILE, keys), hint=RESTORE)
