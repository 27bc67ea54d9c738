"""What jobs leave behind: Snakemake's records, receipts, digests, and DVC's run-cache."""

import copy
import json
import os
from types import SimpleNamespace

import pytest
from dvc.stage.cache import _get_cache_hash
from dvc.utils.serialize import dumps_yaml
from snakemake.persistence.file import FilePersistence

from nbsnake.job import records
from nbsnake.job.atomic import write_atomically
from nbsnake.job.cache import Cache
from nbsnake.job.content import Digest, digest, source_digests
from nbsnake.job.digests import DIGESTS_FILE, Digests, read_digests
from nbsnake.job.plan import (
    PLAN_FILE,
    Plan,
    PlannedOut,
    PlannedStep,
    plan_to_dict,
    read_current_plan,
    read_plan,
)
from nbsnake.job.receipt import (
    Failure,
    Receipt,
    Seen,
    read_failure,
    read_receipt,
    write_failure,
    write_receipt,
)
from nbsnake.job.runcache import find_run, run_folder, run_key, run_value

PATHS = ["a", "data/ünï ✓.csv", "x" * 190, "y" * 191, "z" * 192, "folder/" * 200 + "end"]
MD5 = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path[:8]}-{len(path)}")
def test_record_lies_where_snakemake_looks(path):
    os.makedirs(records.METADATA)
    longest = os.pathconf(records.METADATA, "PC_NAME_MAX")
    theirs = FilePersistence._record_path(
        SimpleNamespace(_fetch_max_len=lambda subject: longest), records.METADATA, path
    )
    assert records._path(records.METADATA, path) == theirs


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path[:8]}-{len(path)}")
def test_record_reads_back(path):
    assert records.read_record(path) is None
    records.write_record(path, {"params": ["1"]}, complete=True)
    assert records.read_record(path)["params"] == ["1"]
    assert records.read_record(path)["record_format_version"] == records.FORMAT
    assert not records.is_incomplete(path)


def test_format_of_records_is_that_of_this_snakemake():
    from snakemake.persistence import RECORD_FORMAT_VERSION

    assert RECORD_FORMAT_VERSION == records.FORMAT


def test_complete_record_ends_incompleteness():
    marker = records._path(records.INCOMPLETE, "a")
    write_atomically(marker, b"")
    records.write_record("a", {}, complete=False)
    assert records.is_incomplete("a")
    records.write_record("a", {}, complete=True)
    assert not records.is_incomplete("a")


RECEIPT = Receipt(
    step="train@1",
    cmd="python 'x y' ünï",
    argv=("python", "x y", ""),
    params={"params.yaml": {"a.b": [1, 2.5, None, {"x": True}]}},
    deps=(Seen("in", Digest(MD5, 3), "stamp"), Seen("dir", Digest(f"{MD5}.dir", 0, 0))),
    outs=(Seen("out", Digest(MD5, 1 << 40, isexec=True), None),),
    started=1.5,
    ended=1e9 + 0.123456789,
    host="host",
    cpu_seconds=0.25,
    peak_memory=1 << 33,
    restored=True,
    refused="why",
)


def test_receipt_reads_back():
    write_receipt(RECEIPT)
    assert read_receipt("train@1") == RECEIPT
    assert read_receipt("train") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 99}'])
def test_receipt_that_cannot_be_read_is_none(text):
    write_atomically(".nbsnake/receipts/a.json", text.encode())
    assert read_receipt("a") is None


def test_success_forgets_an_earlier_failure():
    failure = Failure("train@1", 7, 12.5)
    write_failure(failure)
    assert read_failure("train@1") == failure
    write_receipt(RECEIPT)
    assert read_failure("train@1") is None


def test_failure_keeps_an_earlier_receipt():
    write_receipt(RECEIPT)
    write_failure(Failure("train@1", 7, 12.5))
    assert read_receipt("train@1") == RECEIPT


def test_run_began_as_another_whatever_came_of_it():
    other = RECEIPT._replace(outs=())
    assert RECEIPT.run.began_as(other.run)
    assert RECEIPT.run != other.run
    assert not RECEIPT.run.began_as(RECEIPT._replace(cmd="other").run)


STEP = PlannedStep(
    name="train",
    notebook="notebooks/train.ipynb",
    cmd="python train.py",
    argv=("python", "train.py"),
    deps=("data/in", "b"),
    outs=(PlannedOut("z"), PlannedOut("m", cache=False, persist=True)),
    params={"params.yaml": {"train.x": 1}},
    run_cache=True,
    axes={},
    lists={},
    keys={},
)


def test_plan_reads_back_until_a_source_changes():
    plan = Plan({"train": STEP}, {"train": {"x": 1}}, Cache(".dvc/cache", ("copy",)))
    write_atomically("dvc.yaml", b"stages: {}")
    sources = source_digests(["dvc.yaml", "absent"])
    write_atomically(PLAN_FILE, json.dumps(plan_to_dict(plan, sources)).encode())
    assert read_plan() == plan
    assert read_current_plan() == plan
    write_atomically("absent", b"")
    assert read_current_plan() is None
    assert read_plan() == plan


@pytest.mark.parametrize("text", ["", "{", "{}", '{"format": 0}'])
def test_plan_that_cannot_be_read_is_none(text):
    write_atomically(PLAN_FILE, text.encode())
    assert read_plan() is None
    assert read_current_plan() is None


CONTENTS = {
    "data/in": Digest(f"{MD5}.dir", 10, 2),
    "b": Digest(MD5, 5, isexec=True),
    "z": Digest(MD5[::-1], 7),
    "m": Digest(f"{MD5[::-1]}.dir", 0, 0),
}


@pytest.mark.parametrize(
    "params", [{}, STEP.params, {"params.yaml": {"a": [1.5, None, "ü", True]}}]
)
def test_run_cache_is_addressed_as_dvc_does(params):
    entry = STEP._replace(params=params).lock_entry(CONTENTS)
    assert run_key(entry) == _get_cache_hash(copy.deepcopy(entry), key=True)
    assert run_value(entry) == _get_cache_hash(copy.deepcopy(entry))


def test_key_of_a_run_does_not_depend_on_its_outputs():
    known = STEP.lock_entry(CONTENTS)
    unknown = STEP.lock_entry({path: CONTENTS[path] for path in STEP.deps})
    assert run_key(known) == run_key(unknown)


OUT_PATHS = [
    "plain",
    "with space",
    "long " * 60 + "end",
    "x" * 300,
    "ünï ✓",
    "'quoted'",
    '"double"',
    "colon: x",
    "- dash",
    "#hash",
    "1e5",
    "~",
    "md5: x",
]


@pytest.mark.parametrize("path", OUT_PATHS, ids=range(len(OUT_PATHS)))
@pytest.mark.parametrize(
    "content", [Digest(MD5, 7), Digest(f"{MD5}.dir", 9, 3), Digest(MD5, 0, isexec=True)], ids=str
)
@pytest.mark.parametrize("cmd", ["python x", "python " + "word " * 40 + "end", "a\nouts:\n- b\n"])
def test_run_that_dvc_wrote_is_found(path, content, cmd):
    step = STEP._replace(cmd=cmd, outs=(PlannedOut("a"), PlannedOut(path), PlannedOut("~~")))
    contents = {**CONTENTS, "a": Digest(MD5, 1), path: content, "~~": Digest(MD5, 2)}
    entry = step.lock_entry(contents)
    file = os.path.join(run_folder("cache", run_key(entry)), run_value(entry))
    write_atomically(file, dumps_yaml(entry).encode())
    assert find_run("cache", run_key(entry), 3) == [contents[each] for each in step.out_paths]


def test_run_with_another_number_of_outputs_is_not_found():
    entry = STEP.lock_entry(CONTENTS)
    file = os.path.join(run_folder("cache", run_key(entry)), run_value(entry))
    write_atomically(file, dumps_yaml(entry).encode())
    assert find_run("cache", run_key(entry), 3) is None
    assert find_run("cache", "0" * 64, 2) is None


def test_newest_run_is_found():
    for age, md5 in ((2, MD5), (1, MD5[::-1])):
        entry = STEP.lock_entry({**CONTENTS, "z": Digest(md5, 7)})
        file = os.path.join(run_folder("cache", run_key(entry)), run_value(entry))
        write_atomically(file, dumps_yaml(entry).encode())
        os.utime(file, (1e9 - age, 1e9 - age))
    assert find_run("cache", run_key(entry), 2)[1].md5 == MD5[::-1]


def test_damaged_run_is_not_found():
    key = run_key(STEP.lock_entry(CONTENTS))
    for text in ("", "cmd: x\n", "outs: 5\n", "cmd: x\nouts:\n- path: z\n- path: m\n"):
        write_atomically(os.path.join(run_folder("cache", key), "x"), text.encode())
        assert find_run("cache", key, 2) is None


def test_digest_is_read_once_while_the_stamp_holds(monkeypatch):
    read = []
    monkeypatch.setattr(
        "nbsnake.job.digests.digest", lambda path: read.append(path) or digest(path)
    )
    write_atomically("file", b"one")
    digests = Digests()
    assert digests.of("file") == digests.of("file") == digest("file")
    assert digests.of("missing") is None
    digests.save()
    again = read_digests()
    assert again.of("file") == digest("file")
    assert read == ["file"]
    write_atomically("file", b"two")
    assert again.of("file") == digest("file")
    assert read == ["file", "file"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"format": 2}\n"file"\t1\n', '{"format": 2}\n"file"\t[0, 1]\n', "null"],
)
def test_digests_that_cannot_be_read_are_none(text):
    write_atomically(DIGESTS_FILE, text.encode())
    write_atomically("file", b"one")
    assert read_digests().of("file") == digest("file")


def test_digest_survives_a_new_time(monkeypatch):
    write_atomically("file", b"one")
    digests = Digests()
    content = digests.of("file")
    digests.retime("file", 10**18)
    assert os.stat("file").st_mtime_ns == 10**18
    monkeypatch.setattr("nbsnake.job.digests.digest", None)
    assert digests.of("file") == content


def test_receipt_is_trusted_for_unchanged_files_only(monkeypatch):
    from nbsnake.job.content import stamp

    write_atomically("same", b"one")
    write_atomically("other", b"one")
    seen = [Seen(path, Digest(MD5, 3), stamp(path)) for path in ("same", "other", "gone")]
    write_atomically("other", b"two")
    digests = Digests()
    digests.trust(RECEIPT._replace(deps=(), outs=tuple(seen)))
    assert digests.of("same").md5 == MD5
    assert digests.of("other") == digest("other")
    assert digests.of("gone") is None


@pytest.mark.parametrize("durable", [True, False])
def test_file_is_replaced_whole_and_keeps_its_mode(durable):
    write_atomically("folder/file", b"one", mode=0o750)
    write_atomically("folder/file", b"two", durable=durable)
    assert os.stat("folder/file").st_mode & 0o777 == 0o750
    assert os.listdir("folder") == ["file"]


def test_failed_write_leaves_the_old_file(monkeypatch):
    write_atomically("file", b"one")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("no")))
    with pytest.raises(OSError, match="no"):
        write_atomically("file", b"two")
    assert os.listdir(".") == ["file"]
    with open("file", "rb") as file:
        assert file.read() == b"one"
