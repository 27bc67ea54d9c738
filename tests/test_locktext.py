"""dvc.lock as text: what is printed here is what DVC's own printer gives."""

import json
import re
from pathlib import Path

import pytest
from dvc.utils.serialize import dumps_yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nbsnake.dvc.lockfile import entry_document, read_lock, write_lock
from nbsnake.errors import ToolError
from nbsnake.job.locktext import NotPlain, entry_text

WORDS = (
    *("python", "workflow/scripts/train.py", "--x=1", "--rate", "0.1", "1e-05", "./a", "../b.csv"),
    *("x" * 60, "y" * 79, "z" * 81, "a=b,c", "&&", "|", "<", "$HOME", "it's", '"q"', "#", "a:"),
    *("true", "no", "~", "2024-01-01", "{x}", "[1]", "*", "-", "é", "", "null", "y"),
)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=25).map(" ".join)
digests = st.text("0123456789abcde", min_size=32, max_size=32)
scalars = st.one_of(texts, digests, st.integers(), st.floats(allow_nan=False), st.booleans())
values = st.recursive(
    st.none() | scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
entries = st.dictionaries(st.sampled_from(["cmd", "deps", "params", "outs"]), values, min_size=1)


@settings(max_examples=400)
@given(entries)
def test_what_is_printed_here_is_what_dvc_prints(entry):
    try:
        alone, inside = entry_text(entry), entry_text(entry, 4)
    except NotPlain:
        return
    assert alone == dumps_yaml(entry)
    assert f"stages:\n  a:\n{inside}" == dumps_yaml({"stages": {"a": entry}})


def test_what_steps_write_is_printed_here():
    entry = {
        "cmd": "python workflow/scripts/train.py --data=data/features.csv "
        "--model=models/model.pkl --no-flag --rate 0.1 --name 'a b' --depth 3",
        "deps": [{"path": "data/features.csv", "hash": "md5", "md5": f"a{'0' * 31}", "size": 1}],
        "params": {"params.yaml": {"train.rate": 0.1, "train.flag": False, "train.none": None}},
        "outs": [{"path": "out", "hash": "md5", "md5": f"b{'1' * 31}.dir", "size": 0, "nfiles": 0}],
    }
    assert entry_text(entry) == dumps_yaml(json.loads(json.dumps(entry)))


@given(st.dictionaries(st.sampled_from(["a", "b-1", "c@0.1", "d e", "5", "no"]), entries))
def test_an_entry_as_a_file_is_what_dvc_writes(stages):
    for entry in stages.values():
        assert entry_document(entry).decode() == dumps_yaml(json.loads(json.dumps(entry)))


def lock_text(stages):
    return dumps_yaml({"schema": "2.0", "stages": stages})


@pytest.fixture
def _in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_in_tmp_path")
@pytest.mark.parametrize("hostile", ["'", "it's: #x", "a\nb", "ü"])
def test_new_entries_come_last_and_old_ones_stay_in_their_place(tmp_path, hostile):
    lock = tmp_path / "dvc.lock"
    first = {"z": {"cmd": "echo 1"}, "a": {"cmd": f"echo {hostile}"}}
    write_lock(first)
    assert lock.read_text() == lock_text(first)
    write_lock({"b@1": {"cmd": "echo 3"}, "z": {"cmd": ["x", "y"]}})
    after = {"z": {"cmd": ["x", "y"]}, "a": {"cmd": f"echo {hostile}"}, "b@1": {"cmd": "echo 3"}}
    assert lock.read_text() == lock_text(after)
    assert read_lock() == after


@pytest.mark.usefixtures("_in_tmp_path")
def test_what_a_person_wrote_beside_the_stages_stays(tmp_path):
    lock = tmp_path / "dvc.lock"
    lock.write_text("schema: '2.0'\ndatasets: []\nstages:\n  a: # mine\n    cmd:   echo 1\n")
    write_lock({"b": {"cmd": "echo 2"}})
    expected = "schema: '2.0'\ndatasets: []\nstages:\n  a: # mine\n    cmd: echo 1\n"
    assert lock.read_text() == f"{expected}  b:\n    cmd: echo 2\n"


@pytest.mark.parametrize("start", range(58, 84))
@pytest.mark.parametrize("end", [1, 2, 9, 40])
def test_lines_are_folded_at_the_very_column(start, end):
    """Words that end before, at and behind the width, followed by short and long ones."""
    for text in (
        f"{'x' * start} {'y' * end}",
        f"a {'x' * start} {'y' * end} b",
        f"{'x ' * (start // 2)}{'y' * end}",
    ):
        entry = {"cmd": text, "params": {"params.yaml": {"train.text": text, "list": [text]}}}
        assert entry_text(entry) == dumps_yaml(entry)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("{cmd: a, deps: [{md5: abc}]}", "stages.a.deps.0.path: required key not provided"),
        ("{cmd: a, outs: [{path: b, md5: 5}]}", "stages.a.outs.0.md5: not a valid value"),
        ("{cmd: a, more: 1}", "stages.a.more: extra keys not allowed"),
        ("{deps: []}", "stages.a.cmd: required key not provided"),
        ("5", "stages.a: expected a dictionary"),
    ],
)
def test_entry_that_dvc_refuses_is_refused_with_its_line(folder, entry, fault):
    Path("dvc.lock").write_text(f"schema: '2.0'\nstages:\n  a:\n    {entry}\n")
    with pytest.raises(ToolError, match=rf"^dvc.lock, line [34]: {re.escape(fault)}\n  hint: "):
        read_lock()
