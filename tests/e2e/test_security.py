"""What a project brings cannot write outside, be believed, or get in the way: one test of a kind.

`test_hostile_projects.py` mixes these kinds at random; `test_nothing_runs.py` has those of code.
"""

import hashlib
import json
import os
import sqlite3
import stat
import subprocess
from pathlib import Path

import pytest
from diamond import MAKE
from dvc_data.hashfile.state import State
from e2e_project import Project
from hostile_project import add_to_yaml, keep_object

pytestmark = [pytest.mark.e2e, pytest.mark.trust]

EVIL = b"evil\n"
ROOT_ONLY = "--bounding-set=-dac_override,-dac_read_search,-fowner,-sys_admin"
NUMBERS = "data/numbers.txt"


@pytest.fixture
def outside(done: Project) -> Path:
    """A folder beside the project, with a file that nothing may change."""
    folder = done.root.with_name("outside")
    folder.mkdir()
    (folder / "victim").write_text("precious\n")
    return folder


def untouched(outside: Path) -> bool:
    return [(each.name, each.read_text()) for each in outside.iterdir()] == [
        ("victim", "precious\n")
    ]


def without_privileges(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    """Call nbsnake as a user for whom permissions count, which they do not for root."""
    drop = ["setpriv", ROOT_ONLY, "--inh-caps=-all"] if os.geteuid() == 0 else []
    return project.run_anyhow(*drop, "nbsnake", *words)


def set_mode(top: Path, mode: int) -> None:
    """Change the mode of a folder and of all folders in it."""
    for folder, _, _ in os.walk(top):
        os.chmod(folder, mode)


def raw_entry(project: Project) -> dict[str, object]:
    data = (project.root / "data/raw.txt").read_bytes()
    found = {"path": "data/raw.txt", "hash": "md5", "md5": hashlib.md5(data).hexdigest()}
    return {**found, "size": len(data)}


def add_result(project: Project, path: str, content: dict[str, object], **flags: object) -> None:
    """A hand-written stage with an output, of which dvc.lock and both caches have a result."""
    outs = [{path: {"cache": False, **flags}}]
    stage = {"cmd": "true", "deps": ["data/raw.txt"], "outs": outs}
    entry = {"cmd": "true", "deps": [raw_entry(project)], "outs": [{"path": path, **content}]}
    add_to_yaml(project, "dvc.yaml", "evil", stage)
    add_to_yaml(project, "dvc.lock", "evil", entry)


def evil_file(project: Project) -> dict[str, object]:
    return {"hash": "md5", "md5": keep_object(project, EVIL), "size": 5, "isexec": True}


def evil_folder(project: Project, *paths: str) -> dict[str, object]:
    md5 = keep_object(project, EVIL)
    listing = json.dumps([{"md5": md5, "relpath": path} for path in paths]).encode()
    folder = keep_object(project, listing, ".dir")
    return {"hash": "md5", "md5": folder, "size": 5, "nfiles": len(paths)}


def edit_state(project: Project, file: str, **fields: object) -> None:
    """Change fields of one of nbsnake's own files; of the plan itself in its file."""
    path = project.root / ".nbsnake" / file
    found = json.loads(path.read_text())
    (found["plan"] if file == "plan.json" else found).update(fields)
    path.write_text(json.dumps(found))


# What leads outside


@pytest.mark.parametrize("path", ["../outside/new", "data/../../outside/new", ".git/hooks/new"])
@pytest.mark.parametrize("is_tracked", [True, False])
def test_a_plan_that_names_other_places_writes_nothing(
    done: Project, outside: Path, path: str, is_tracked: bool
) -> None:
    steps = json.loads(done.read(".nbsnake/plan.json"))["plan"]["steps"]
    out = {"path": path, "cache": True, "persist": False}
    edit_state(done, "plan.json", steps=[*steps, {**steps[0], "name": "evil", "outs": [out]}])
    receipt = {**json.loads(done.read(".nbsnake/receipts/make.json")), "step": "evil"}
    seen = {"path": path, "hash": "md5", "md5": keep_object(done, EVIL), "size": 5, "stamp": None}
    done.write(".nbsnake/receipts/evil.json", json.dumps({**receipt, "outs": [seen]}))
    if is_tracked:
        done.git("add", "--force", ".nbsnake")
    for words in (["restore"], ["sync"], ["exec", "evil"]):
        ended = done.run_anyhow("nbsnake", *words)
        assert "Traceback" not in ended.stderr
    assert not is_tracked or ".nbsnake is not used: git tracks it" in ended.stderr
    assert untouched(outside)
    assert not (done.root / ".git/hooks/new").exists()


@pytest.mark.parametrize(
    "path", ["../../outside/new", "/new", "../.git/hooks/post-checkout", "a/../../x", ".git/config"]
)
def test_a_folder_s_listing_leads_nowhere_else(done: Project, outside: Path, path: str) -> None:
    inner = str(outside / "new") if path == "/new" else path
    add_result(done, "evil-out", evil_folder(done, inner, "fine.txt"), cache=True)
    ended = done.run_anyhow("nbsnake", "restore")
    assert "Traceback" not in ended.stderr
    assert untouched(outside)
    assert not (done.root / ".git/hooks/post-checkout").exists()
    assert not (done.root / "evil-out").exists()


@pytest.mark.parametrize(
    "path", ["../outside/run.sh", "link/run.sh", ".git/hooks/x", ".GIT/hooks/x"]
)
def test_a_hand_written_stage_restores_nothing_outside(
    done: Project, outside: Path, path: str
) -> None:
    (done.root / "link").symlink_to(outside)
    add_result(done, path, evil_file(done))
    done.run_anyhow("nbsnake", "restore", "--force")
    assert untouched(outside)
    assert not list((done.root / ".git").rglob("hooks/x"))


@pytest.mark.parametrize("words", [["run", "-j", "1"], ["exec", "make"], ["restore", "--force"]])
def test_a_folder_that_became_a_link_after_the_plan_is_seen(
    done: Project, outside: Path, words: list[str]
) -> None:
    (done.root / "data").rename(done.root / "old")
    (outside / "victim").rename(outside / "numbers.txt")
    (done.root / "data").symlink_to(outside)
    (outside / "raw.txt").write_text("1 2 3\n")
    ended = done.run_anyhow("nbsnake", *words)
    assert ended.returncode in (1, 3)
    assert "link" in ended.stderr
    assert sorted(each.name for each in outside.iterdir()) == ["numbers.txt", "raw.txt"]
    assert (outside / "numbers.txt").read_text() == "precious\n"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        *((".nbsnake", [each]) for each in ("status", "sync", "restore", "generate", "check")),
        (".nbsnake/receipts", ["exec", "make"]),
        ("logs", ["run", "-j", "1"]),
        ("workflow/scripts", ["generate"]),
        (".dvc/tmp", ["compare"]),
    ],
)
def test_a_link_in_place_of_a_folder_of_records_is_refused(
    done: Project, outside: Path, place: str, words: list[str]
) -> None:
    subprocess.run(["rm", "-r", place], cwd=done.root, check=False)
    (done.root / place).symlink_to(outside)
    if place == ".dvc/tmp":
        done.write("dvc.yaml", done.read("dvc.yaml") + "# another plan\n")
    ended = done.run_anyhow("nbsnake", *words)
    assert untouched(outside)
    assert ended.returncode in (1, 3)
    assert "link" in ended.stderr


def test_a_gitignore_that_is_a_link_is_not_written(done: Project, outside: Path) -> None:
    (done.root / "data/.gitignore").unlink()
    (done.root / "data/.gitignore").symlink_to(outside / "victim")
    done.write("data/raw.txt", "4 5\n")
    done.run_anyhow("nbsnake", "run", "-j", "1")
    done.run_anyhow("nbsnake", "sync")
    assert untouched(outside)


def test_a_database_of_somebody_else_removes_nothing(done: Project, outside: Path) -> None:
    """DVC's state is a diskcache, whose rows name files that it removes."""
    folder = done.root / "st"
    state = State(str(done.root), str(folder), None)
    state.links[NUMBERS] = (1, "x")
    database = Path(state.links.directory) / "cache.db"
    state.close()
    with sqlite3.connect(database) as rows:
        rows.execute("update Cache set filename = ?", (str(outside / "victim"),))
    edit_state(done, "plan.json", state="st", root=str(done.root))
    (done.root / "dvc.lock").unlink()
    done.run_anyhow("nbsnake", "sync")
    assert untouched(outside)


# What is to be believed


def test_a_damaged_object_is_not_a_result(done: Project) -> None:
    md5 = hashlib.md5((done.root / NUMBERS).read_bytes()).hexdigest()
    found = done.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    (done.root / NUMBERS).unlink()
    found.chmod(0o644)
    found.write_text("9 9 9\n")
    found.chmod(0o444)
    ended = done.run_anyhow("nbsnake", "restore")
    assert "damaged" in ended.stderr
    assert not (done.root / NUMBERS).exists()
    assert done.status()["make"]["state"] != "fresh"


@pytest.mark.parametrize(
    ("file", "fields"),
    [
        ("receipts/make.json", {"peak_memory": "x"}),
        ("receipts/make.json", {"outs": None}),
        ("plan.json", {"steps": [{"deps": None}]}),
    ],
)
def test_state_that_cannot_be_read_is_made_again(
    done: Project, file: str, fields: dict[str, object]
) -> None:
    edit_state(done, file, **fields)
    ended = done.nbsnake("status", "--resources")
    assert f".nbsnake/{file} " in ended.stderr
    assert "it is made again" in ended.stderr
    assert file not in done.nbsnake("status").stderr


@pytest.mark.parametrize("file", ["digests.jsonl", "jobs.jsonl", "lock.jsonl"])
def test_records_that_cannot_be_read_are_made_again(done: Project, file: str) -> None:
    path = done.root / ".nbsnake" / file
    head, record, *_ = path.read_text().splitlines()
    key = record.partition("\t")[0]
    done.write(f".nbsnake/{file}", f'{head}\n{key}\t[0, "x"]\n')
    done.replace("notebooks/left.ipynb", "value * factor", "value * factor + 1")
    ended = done.nbsnake("run")
    assert "Traceback" not in ended.stderr
    assert done.computed() == ["join", "left"]
    assert "done" not in done.nbsnake("status").stderr
    done.assert_dvc_clean()


@pytest.mark.parametrize("value", ["1", "x", "{a: b}"])
def test_a_wrong_entry_of_dvc_lock_is_one_line_with_its_place(done: Project, value: str) -> None:
    done.write("dvc.lock", done.read("dvc.lock").replace("    deps:", f"    deps: {value}\n    x:"))
    ended = done.run_anyhow("nbsnake", "status")
    assert ended.returncode in (1, 3)
    assert "Traceback" not in ended.stderr
    assert "dvc.lock, line " in ended.stderr


# Errors of the disk


def test_a_folder_that_cannot_be_read_stops_generate(done: Project) -> None:
    before = done.files("workflow")
    (done.root / "notebooks").chmod(0)
    ended = without_privileges(done, "generate")
    (done.root / "notebooks").chmod(0o755)
    assert ended.returncode == 3
    assert "notebooks: Permission denied" in ended.stderr
    assert done.files("workflow") == before


def test_an_output_that_cannot_be_read_is_not_locked(done: Project) -> None:
    (done.root / "dvc.lock").unlink()
    (done.root / "data/parts/inner").chmod(0)
    ended = without_privileges(done, "sync")
    (done.root / "data/parts/inner").chmod(0o755)
    assert ended.returncode != 0
    assert "data/parts/inner" in ended.stderr
    assert "right" not in done.locked_steps()


@pytest.mark.parametrize("words", [["status"], ["check"], ["compare"], ["restore"]])
def test_a_project_that_cannot_be_written_can_be_looked_at(done: Project, words: list[str]) -> None:
    set_mode(done.root, 0o555)
    ended = without_privileges(done, *words)
    set_mode(done.root, 0o755)
    assert ended.returncode == 0, ended.stderr


def test_a_run_that_cannot_write_its_state_says_so(done: Project) -> None:
    done.write("data/raw.txt", "4 5\n")
    set_mode(done.root / ".nbsnake", 0o555)
    ended = without_privileges(done, "run", "-j", "1")
    set_mode(done.root / ".nbsnake", 0o755)
    assert ended.returncode in (1, 3)
    assert "Traceback" not in ended.stderr
    assert "Permission denied" in ended.stderr


@pytest.mark.parametrize(
    ("path", "words"),
    [
        *((each, ["status"]) for each in ("params.yaml", "dvc.yaml", "dvc.lock", ".dvcignore")),
        *((each, ["generate"]) for each in ("nbsnake.yaml", "notebooks/make.ipynb", ".mlvtools")),
        (NUMBERS, ["status"]),
        ("data/raw.txt", ["exec", "make"]),
        (".nbsnake/plan.json", ["status"]),
        ("workflow/scripts/make.py", ["check"]),
    ],
)
def test_a_pipe_is_no_file(done: Project, path: str, words: list[str]) -> None:
    (done.root / path).unlink(missing_ok=True)
    os.mkfifo(done.root / path)
    command = ["timeout", "20", "nbsnake", *words]
    ended = done.run_anyhow(*command)
    assert ended.returncode != 124, "it waits for a writer"
    assert "Traceback" not in ended.stderr


# Text


def test_what_others_wrote_is_shown_and_not_obeyed(done: Project) -> None:
    """Escape sequences in the names of variants, and a mark that turns a line around."""
    do = {"cmd": "echo ${item}", "deps": ["data/raw.txt"], "metrics": ["m.json"]}
    add_to_yaml(done, "dvc.yaml", "esc", {"foreach": {"a\x1b[31mRED\u202e": 1}, "do": do})
    said = ""
    for words in (["status"], ["status", "--json"], ["sync"], ["compare"], ["run", "-j", "1"]):
        ended = done.run_anyhow("nbsnake", *words)
        said = ended.stdout + ended.stderr
        assert said.replace("\n", "").isprintable(), words
    assert "esc@a\\x1b[31mRED\\u202e can be run by DVC only" in said


# Values of parameters


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_values_are_not_wider_readable_than_in_params_yaml(done: Project, mode: int) -> None:
    done.write("params.yaml", done.read("params.yaml").replace("-it's", "SECRET it's"))
    done.write_notebook("make", [*MAKE, "print('more')"])
    (done.root / "params.yaml").chmod(mode)
    subprocess.run(["rm", "-r", ".nbsnake", ".snakemake"], cwd=done.root, check=True)
    done.nbsnake("run", "-j", "1")
    for top in (".nbsnake", ".snakemake"):
        for file in (done.root / top).rglob("*"):
            if file.is_file() and b"SECRET" in file.read_bytes():
                assert not readers(file, done.root) & ~mode, file


def readers(file: Path, top: Path) -> int:
    """Who can read a file: those who can also enter all folders above it, up to ``top``."""
    mode = stat.S_IMODE(file.stat().st_mode)
    for folder in file.parents:
        if folder == top:
            break
        entered = stat.S_IMODE(folder.stat().st_mode) & 0o111
        mode &= entered << 2 | entered << 1 | entered
    return mode & 0o444
