"""What a job sends back is not trusted: nothing of it gets anywhere but into the step's outputs."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from nbsnake.errors import ToolError
from nbsnake.job.cache import Cache
from nbsnake.job.content import Digest, digest, stamp
from nbsnake.job.exec import Start
from nbsnake.job.inside import UnsafePathError
from nbsnake.job.jobs import Job
from nbsnake.job.plan import PlannedOut, PlannedStep
from nbsnake.job.receipt import Seen, read_failure, read_receipt, receipt_of
from nbsnake.remote.result import opened, take

DATA = b"done\n"
MD5 = hashlib.md5(DATA).hexdigest()
COMMAND = ["python", "work.py"]


@pytest.fixture
def job(folder):
    (folder / ".dvc").mkdir()
    (folder / "raw.txt").write_bytes(b"raw\n")
    step = PlannedStep(
        "work", "", "python work.py", (), ("raw.txt",), (PlannedOut("out.txt"),),
        {}, True, {}, {}, {},
    )  # fmt: skip
    return Job(step, (), False, Cache(".dvc/cache"), True, False)


@pytest.fixture
def start(job):
    seen = Seen("raw.txt", digest("raw.txt"), stamp("raw.txt"))
    return Start(1.0, [seen], {}, "")


def receipt(job, start, outs=None, **changes):
    """The fields of the job's receipt."""
    made = receipt_of(job.step, COMMAND, start.deps, outs or {"out.txt": Digest(MD5, 5)}, 1.0)
    sides = {
        name: [{"path": s.path, **s.content.to_dict(), "stamp": None} for s in getattr(made, name)]
        for name in ("deps", "outs")
    }
    return {"format": 1, **made._asdict(), **sides, "host": "far", **changes}


def archive(members):
    with tarfile.open("result.tar", "w") as tar:
        for name, data in members.items():
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def give(job, start, fields, code=0, **members):
    kind = "failure.json" if code else "receipt.json"
    archive(
        {"end.json": json.dumps({"code": code}).encode(), kind: json.dumps(fields).encode()}
        | {name.replace("__", "/"): data for name, data in members.items()}
    )
    with opened("result.tar", "objects") as result:
        return take(job, COMMAND, start, result, lambda *_: set())


def test_a_result_becomes_the_steps_with_the_jobs_machine(job, start, folder):
    assert give(job, start, receipt(job, start), **{f"objects__{MD5}": DATA}) == 0
    assert (folder / "out.txt").read_bytes() == DATA
    assert read_receipt("work").host == "far"
    assert Cache(".dvc/cache").holds(Digest(MD5, 5))
    assert not (folder / "objects").exists()


def test_a_failure_is_recorded_with_its_code(job, start, capfd):
    fields = {"step": "other", "exit_code": 0, "ended": 1.0, "cell": 4, "error": "ValueError"}
    assert give(job, start, fields, code=7, log=b"it printed this\n") == 7
    assert read_failure("work").cell == 4
    assert read_failure("work").exit_code == 7
    assert "it printed this" in capfd.readouterr().out


BAD = Digest(MD5, 5)
TREE = json.dumps([{"md5": MD5, "relpath": "../../evil"}]).encode()
TREE_MD5 = f"{hashlib.md5(TREE).hexdigest()}.dir"


@pytest.mark.parametrize(
    ("changes", "members", "message"),
    [
        ({}, {}, "lacks out.txt"),
        ({}, {f"objects__{MD5}": b"evil\n"}, "is damaged"),
        ({}, {f"objects__{MD5}": DATA, "..__evil": b"x"}, "which is none of it"),
        ({}, {f"objects__{MD5}": DATA, "objects__..": b"x"}, "which is none of it"),
        ({"step": "other"}, {}, "receipt of the job is damaged"),
        ({"format": 99}, {}, "receipt of the job is damaged"),
        ({"deps": []}, {}, "read other files"),
        ({"outs": [{"path": "../evil", **BAD.to_dict(), "stamp": None}]}, {}, "wrote other files"),
        ({"outs": []}, {}, "wrote other files"),
        (
            {"outs": [{"path": "out.txt", **Digest(TREE_MD5, 5, 1).to_dict(), "stamp": None}]},
            {f"objects__{TREE_MD5}": TREE, f"objects__{MD5}": DATA},
            "lacks out.txt",
        ),
        (
            {"outs": [{"path": "out.txt", "md5": "../../evil", "size": 5, "stamp": None}]},
            {},
            "receipt of the job is damaged",
        ),
    ],
)
def test_what_cannot_be_the_result_is_refused_and_writes_nothing(
    job, start, folder, changes, members, message
):
    before = sorted(folder.parent.rglob("*"))
    with pytest.raises(ToolError, match=message):
        give(job, start, receipt(job, start) | changes, **members)
    made = {*folder.parent.rglob("*")} - {*before}
    assert made <= {folder / "result.tar"}


def test_another_input_than_ours_is_refused(job, start):
    other = start.deps[0]._replace(content=Digest("0" * 32, 4))
    fields = receipt(job, start._replace(deps=[other]))
    with pytest.raises(ToolError, match=r"read another raw\.txt"):
        give(job, start, fields, **{f"objects__{MD5}": DATA})


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_pipes_are_refused(job, start, folder, kind):
    link = tarfile.TarInfo(f"objects/{MD5}")
    link.type, link.linkname = kind, "/etc/passwd"
    archive({link: b""})
    with pytest.raises(ToolError, match="which is no file"), opened("result.tar", "objects"):
        pass
    assert not (folder / "objects").exists()


def test_an_output_is_not_written_through_a_link_out_of_the_project(job, start, folder, tmp_path):
    os.symlink("/tmp", folder / "away")  # noqa: S108  (never written)
    step = job.step._replace(outs=(PlannedOut("away/out.txt"),))
    fields = receipt(job._replace(step=step), start, {"away/out.txt": Digest(MD5, 5)})
    with pytest.raises(UnsafePathError):
        give(job._replace(step=step), start, fields, **{f"objects__{MD5}": DATA})
    assert not Path("/tmp/out.txt").exists()  # noqa: S108


@pytest.mark.parametrize("data", [b"", b"no archive", b"\0" * 10240])
def test_an_archive_that_is_none_is_refused(folder, data):
    (folder / "result.tar").write_bytes(data)
    with pytest.raises(ToolError, match="damaged"), opened("result.tar", "objects"):
        pass
