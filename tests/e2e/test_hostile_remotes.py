"""A remote, a cache or a `.dvc` file that somebody else wrote: DVC follows it nowhere else.

DVC makes paths of the names of objects, and reads and writes through links. What `push` and `pull`
ask of it goes no further than the project, its cache and the remote.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e_project import Project

pytestmark = pytest.mark.e2e

GOOD = b"good\n"
GOOD_MD5 = hashlib.md5(GOOD).hexdigest()
AWAY = "a/../../../../../../outside/new"  # from the folder of objects to beside the project
STORE = "one/two/three/four/store"  # in the project, so deep that the same words stay inside
RUN = f"runs/aa/{'a' * 64}/{'b' * 64}"


@pytest.fixture
def outside(done: Project) -> Path:
    """A folder beside the project, with a file that nobody may read or change."""
    folder = done.root.with_name("outside")
    folder.mkdir()
    (folder / "victim").write_bytes(GOOD)
    (folder / "victim").chmod(0o444)
    return folder


def object_in(store: Path, md5: str) -> Path:
    file = Path(f"{store}/files/md5/{md5[:2]}/{md5[2:]}")
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def put(store: Path, data: bytes, suffix: str = "") -> str:
    """Put an object into a store; its md5."""
    md5 = hashlib.md5(data).hexdigest() + suffix
    object_in(store, md5).write_bytes(data)
    return md5


def put_listing(store: Path, **entry: str) -> str:
    return put(store, json.dumps([entry]).encode(), ".dir")


def track(project: Project, path: str, md5: str, **more: object) -> None:
    """A ``.dvc`` file, written as JSON, which is YAML."""
    out = {"path": path, "md5": md5, "size": 5, "hash": "md5", **more}
    project.write(f"{path}.dvc", json.dumps({"outs": [out]}))


def use_remote(project: Project, url: str) -> Path:
    """Settings that git tracks, with a remote; its folder."""
    text = f"[core]\n    remote = r\n['remote \"r\"']\n    url = {url}\n"
    project.write(".dvc/config", text)
    project.git("add", "--force", ".dvc/config")
    return (project.root / ".dvc" / url).resolve()


def name_away_in_dvc_file(project: Project, store: Path, outside: Path) -> None:
    object_in(store, AWAY).write_bytes(GOOD)
    track(project, "x", AWAY)


def name_away_in_listing(project: Project, store: Path, outside: Path) -> None:
    object_in(store, AWAY).write_bytes(GOOD)
    track(project, "x", put_listing(store, md5=AWAY, relpath="f"))


def path_away_in_listing(project: Project, store: Path, outside: Path) -> None:
    md5 = put(store, GOOD)
    track(project, "x", put_listing(store, md5=md5, relpath="../../outside/new"))


def path_away_in_dvc_file(project: Project, store: Path, outside: Path) -> None:
    entry = {"relpath": "../../outside/new", "md5": put(store, GOOD), "size": 5}
    track(project, "x", "0" * 32 + ".dir", nfiles=1, files=[entry])


def cache_is_led_out(project: Project, store: Path, outside: Path) -> None:
    track(project, "x", put(store, GOOD))
    (project.root / ".dvc/cache/files/md5" / GOOD_MD5[:2]).symlink_to(outside)


def runs_are_led_out(project: Project, store: Path, outside: Path) -> None:
    (store / RUN).parent.mkdir(parents=True)
    (store / RUN).write_text("cmd: evil\n")
    (project.root / ".dvc/cache/runs/aa").symlink_to(outside)


def output_is_led_out(project: Project, store: Path, outside: Path) -> None:
    track(project, "x", put_listing(store, md5=put(store, GOOD), relpath="victim"))
    (project.root / "x").symlink_to(outside)


def folder_in_output_is_led_out(project: Project, store: Path, outside: Path) -> None:
    track(project, "x", put_listing(store, md5=put(store, GOOD), relpath="sub/f"))
    (project.root / "x").mkdir()
    (project.root / "x/sub").symlink_to(outside)


def object_is_a_pipe(project: Project, store: Path, outside: Path) -> None:
    track(project, "x", GOOD_MD5)
    os.mkfifo(object_in(store, GOOD_MD5))


def run_is_a_pipe(project: Project, store: Path, outside: Path) -> None:
    (store / RUN).parent.mkdir(parents=True)
    os.mkfifo(store / RUN)


Change = Callable[[Project, Path, Path], None]
PULLED: list[Change] = [
    name_away_in_dvc_file,
    name_away_in_listing,
    path_away_in_listing,
    path_away_in_dvc_file,
    cache_is_led_out,
    runs_are_led_out,
    output_is_led_out,
    folder_in_output_is_led_out,
    object_is_a_pipe,
    run_is_a_pipe,
]


@pytest.mark.parametrize("change", PULLED, ids=lambda change: change.__name__)
def test_what_is_pulled_stays_inside(done: Project, outside: Path, change: Change) -> None:
    store = use_remote(done, f"../{STORE}")
    (done.root / ".dvc/cache/files/md5/a").mkdir()  # so that the words of AWAY can be followed
    (store / "files/md5/a").mkdir(parents=True)
    change(done, store, outside)
    ended = done.run_anyhow("timeout", "60", "nbsnake", "pull")
    assert ended.returncode in (1, 3), ended.stderr
    assert "Traceback" not in ended.stderr
    assert [each.name for each in outside.iterdir()] == ["victim"]


def link_object(project: Project, outside: Path) -> Path:
    track(project, "x", GOOD_MD5)
    return object_in(project.root / ".dvc/cache", GOOD_MD5)


def link_run(project: Project, outside: Path) -> Path:
    file = project.root / ".dvc/cache" / RUN
    file.parent.mkdir(parents=True)
    return file


@pytest.mark.parametrize("place", [link_object, link_run])
def test_what_a_link_in_the_cache_leads_to_is_not_pushed(
    done: Project, outside: Path, place: Callable[[Project, Path], Path]
) -> None:
    store = use_remote(done, "../../store")
    link = place(done, outside)
    link.symlink_to(outside / "victim")
    ended = done.run_anyhow("nbsnake", "push")
    assert ended.returncode in (1, 3)
    assert "leads out of the store" in ended.stderr
    assert not any(file.read_bytes() == GOOD for file in store.rglob("*") if file.is_file())


@pytest.mark.parametrize("mode", [0o644, 0o444])
def test_what_a_remote_serves_under_another_name_is_left_out(done: Project, mode: int) -> None:
    """DVC takes a read-only file for what it is called."""
    store = use_remote(done, "../../store")
    object_in(store, GOOD_MD5).write_text("evil\n")
    object_in(store, GOOD_MD5).chmod(mode)
    track(done, "x", GOOD_MD5)
    done.run_anyhow("nbsnake", "pull")
    assert not (done.root / "x").exists()
    assert not object_in(done.root / ".dvc/cache", GOOD_MD5).exists()


def test_the_settings_of_another_repository_are_not_used(done: Project, outside: Path) -> None:
    """An import names it, and its remote can name a program."""
    store = use_remote(done, "../../store")
    other = done.root / "other"
    shutil.copytree(done.root / ".git", other / ".git")
    (other / ".dvc").mkdir()
    (other / ".dvc/config").write_text("['remote \"r\"'\n")  # whoever reads it fails
    dep = {"path": "x", "repo": {"url": "other"}}
    out = {"path": "x", "md5": GOOD_MD5, "size": 5, "hash": "md5"}
    done.write("x.dvc", json.dumps({"frozen": True, "deps": [dep], "outs": [out]}))
    track(done, "y", put(store, GOOD))
    ended = done.nbsnake("pull")
    assert "x.dvc is imported from another repository" in ended.stderr
    assert (done.root / "y").read_bytes() == GOOD


STORES = {
    "cache": "[cache]\n    dir",
    "remote": "[core]\n    remote = r\n['remote \"r\"']\n    url",
}


@pytest.mark.parametrize("folder", [".git/hooks", "workflow", ".DVC/tmp"])
@pytest.mark.parametrize("setting", STORES.values(), ids=STORES)
def test_no_store_is_in_a_folder_of_a_tool(done: Project, folder: str, setting: str) -> None:
    before = done.files(folder)
    done.write(".dvc/config", f"{setting} = ../{folder}\n")
    ended = done.run_anyhow("nbsnake", "push")
    assert ended.returncode == 3, ended.stderr
    assert "belongs to git" in ended.stderr
    assert {path for path in done.files(folder) if "/files/" in path} <= {*before}


@pytest.mark.parametrize(
    ("step", "place"), [("join", "joined.txt"), ("right", "data/parts/inner/0.txt")]
)
def test_a_link_that_leads_out_is_no_result_to_accept(
    done: Project, outside: Path, step: str, place: str
) -> None:
    (done.root / place).unlink()
    (done.root / place).symlink_to(outside / "victim")
    ended = done.run("nbsnake", "accept", step, "--reason", "mine", code=1)
    assert f"{place} is a link that leads out of the project" in ended.stderr
    assert not object_in(done.root / ".dvc/cache", GOOD_MD5).exists()


def test_a_link_that_leads_out_is_no_new_content_of_a_source(done: Project, outside: Path) -> None:
    done.write("raw/a.txt", "1\n")
    done.dvc("add", "raw")
    (done.root / "raw/deep").mkdir()
    (done.root / "raw/deep/b.txt").symlink_to(outside / "victim")
    done.replace("notebooks/make.ipynb", ":dvc-in raw: data/raw.txt", ":dvc-in raw: raw/a.txt")
    done.nbsnake("generate")
    ended = done.run_anyhow("nbsnake", "sync")
    assert ended.returncode in (1, 3)
    assert "raw/deep/b.txt: is a link that leads out of the project" in ended.stderr
    assert not object_in(done.root / ".dvc/cache", GOOD_MD5).exists()
