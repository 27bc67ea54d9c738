"""Messages are golden too: each folder of ``errors`` is a project with faults, and what is said.

A new case is a new folder, then ``pytest --update-golden``, then reading the message as a user.
"""

import re
import shutil
from pathlib import Path

import pytest

from nbsnake.errors import Faults, NbsnakeError
from nbsnake.generate.generate import find_changes

ERRORS = Path(__file__).parent / "errors"
CASES = sorted(path.name for path in ERRORS.iterdir())


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(params=CASES)
def fault(request, tmp_path, monkeypatch):
    """The error that a project with faults gives; nothing of the project has changed then."""
    project = tmp_path / request.param
    shutil.copytree(ERRORS / request.param, project)
    before = contents(project)
    monkeypatch.chdir(project)
    with pytest.raises(NbsnakeError) as raised:
        find_changes()
    assert contents(project) == before
    raised.value.case = ERRORS / request.param
    return raised.value


def test_message_is_the_expected_one(fault, update_golden):
    expected = fault.case / "message.txt"
    if update_golden:
        expected.write_text(f"{fault}\n", encoding="utf-8")
    assert expected.exists(), f"{expected} is missing; write it with --update-golden"
    assert f"{fault}\n" == expected.read_text(encoding="utf-8")


def test_message_names_an_existing_file_first(fault):
    for each in getattr(fault, "faults", [fault]):
        for single in each.faults if isinstance(each, Faults) else [each]:
            assert single.where is not None
            assert (fault.case / single.where.file).is_file()


def test_message_tells_nothing_of_the_inside(fault):
    assert not re.search(r"<\w+ object|Traceback|Error\(|nbsnake\.\w+\(", str(fault))
    assert str(fault.case.parent) not in str(fault)


def test_fault_of_the_author_exits_with_one(fault):
    assert fault.exit_code == 1
