"""Records by key: each is found as if all were read, and a file of others is thrown away."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbsnake.job.digests import read_digests_of
from nbsnake.job.jobs import JOBS_FILE, read_job
from nbsnake.job.keyed import WINDOW, find_keyed, read_keyed, to_keyed
from nbsnake.job.own import write_own
from nbsnake.job.plan import FORMAT

FILE = ".nbsnake/records"
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.one_of(st.text('a\t\n"\\:,', max_size=9), st.integers(), st.lists(st.integers()))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@given(records=st.dictionaries(KEYS, VALUES), others=st.lists(KEYS), size=st.sampled_from([0, 400]))
def test_records_are_read_in_their_order_and_found_by_key(records, others, size, tmp_path_factory):
    padded = {key: [value, "x" * size] for key, value in records.items()}
    write_own(FILE, to_keyed({"a": 1}, padded))
    assert read_keyed(FILE) == ({"a": 1}, padded)
    assert list(read_keyed(FILE)[1]) == list(padded)
    for key in [*records, *others]:
        found = {key: padded[key]} if key in padded else {}
        assert find_keyed(FILE, key) == ({"a": 1}, found)


@pytest.mark.parametrize("size", [1, 300, WINDOW, 3 * WINDOW])
def test_each_of_many_records_is_found(size):
    records = {f"step {number}": "x" * (number * size % (size + 7)) for number in range(300)}
    write_own(FILE, to_keyed(None, records))
    for key, value in records.items():
        assert find_keyed(FILE, key) == (None, {key: value})
    for key in ("", "step", "step 999", "z"):
        assert find_keyed(FILE, key) == (None, {})


def test_little_of_a_long_file_is_read(monkeypatch):
    records = {f"step {number:05}": ["x" * 100, number] for number in range(10_000)}
    write_own(FILE, to_keyed({}, records))
    read = []

    class Counting:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def seek(self, *to):
            return self.file.seek(*to)

        def tell(self):
            return self.file.tell()

        def readline(self):
            read.append(line := self.file.readline())
            return line

        def read(self, size):
            read.append(data := self.file.read(size))
            return data

    def counting(path):
        return Counting(Path(path).open("rb"))

    monkeypatch.setattr("nbsnake.job.keyed.open_own_bytes", counting)
    assert find_keyed(FILE, "step 07777") == ({}, {"step 07777": ["x" * 100, 7777]})
    assert sum(map(len, read)) < 3 * WINDOW < len(to_keyed({}, records)) / 10


def test_no_file_has_no_records():
    assert read_keyed(FILE) is None
    assert find_keyed(FILE, "a") is None


@pytest.mark.parametrize(
    "text", ["", "{", "{}\nx", '{}\n"a"\t1\n', '{}\n"a"\t[1]\n', '{}\n"a"\t[[\n']
)
def test_a_file_of_another_form_is_thrown_away(text, capsys):
    write_own(FILE, text.encode())
    assert read_keyed(FILE) is None
    assert not Path(FILE).exists()
    assert f"{FILE} has another form; it is made again" in capsys.readouterr().err


@pytest.mark.parametrize("record", [1, [], {}, {"step": {}, "makers": [], "recorded": True}])
def test_a_job_that_is_none_is_thrown_away(record):
    write_own(JOBS_FILE, to_keyed({"format": FORMAT, "cache": {}}, {"a": record}))
    assert read_job("a") is None
    assert not Path(JOBS_FILE).exists()


def test_digests_of_some_paths_are_those_of_all():
    content = {"hash": "md5", "md5": "0" * 32, "size": 1}
    data = to_keyed({"format": 2}, {"a": ["then", content], "b": ["then", content]})
    write_own(".nbsnake/digests.jsonl", data)
    assert json.loads(data.splitlines()[0]) == {"format": 2}
    assert read_digests_of(["a", "c"])._known.keys() == {"a"}
