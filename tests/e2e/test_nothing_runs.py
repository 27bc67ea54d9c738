"""No command but ``run`` and ``exec`` runs or imports anything that lies in the project."""

import json
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from e2e_project import Project

pytestmark = pytest.mark.e2e

MODULES = {*sys.stdlib_module_names, *packages_distributions(), "celeryconfig", "sitecustomize"}
COMMANDS = {
    "init": ["init"],
    "convert": ["convert", "notebooks", "-o", "scripts/", "--force"],
    "generate": ["generate"],
    "check": ["check"],
    "sync": ["sync"],
    "restore": ["restore"],
    "restore --pull": ["restore", "--pull"],
    "export": ["export", "-o", "pipeline.sh"],
    "profile": ["profile", "generic", "--system", "sge"],
    "params": ["params", "make"],
    "compare": ["compare", "--rev", "HEAD", "--plot", "plot.svg", "--over", "left.factor"],
    "status": ["status"],
    "run": ["run", "-j", "1"],
}


def set_traps(project: Project) -> Path:
    """Leave a module of each name in the root, and all else that others could run; the witness."""
    witness = project.root.with_name(f"{project.root.name}.ran")
    for name in MODULES:
        project.write(f"{name}.py", f"open({str(witness)!r}, 'a').write({name!r})\n")
    project.write("matplotlibrc", "backend: module://evil\ntext.usetex: True\n")
    trap = project.root / "trap.sh"
    trap.write_text(f"#!/bin/sh\necho $0 >> '{witness}'\n")
    trap.chmod(0o755)
    for setting in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor"):
        project.git("config", setting, str(trap))
    for hook in ("post-index-change", "post-checkout", "pre-commit", "reference-transaction"):
        (project.root / ".git/hooks" / hook).parent.mkdir(exist_ok=True)
        (project.root / ".git/hooks" / hook).symlink_to(trap)
    return witness


def call(project: Project, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Call nbsnake as a user does: as a program of its own."""
    return subprocess.run(
        ["nbsnake", *words],
        cwd=project.root,
        env={**project.env, **env},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


def test_modules_in_the_root_are_neither_imported_nor_run(done: Project) -> None:
    done.dvc("remote", "add", "--default", "--quiet", "store", str(done.root) + ".store")
    witness = set_traps(done)
    for name, words in COMMANDS.items():
        ended = call(done, *words)
        assert ended.returncode == 0, f"{name}: {ended.stderr}"
        assert not witness.exists(), f"{name} ran {witness.read_text()}"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (":/nowhere", ["nbsnake"]),
        ("/nowhere:", ["nbsnake"]),
        ("", [sys.executable, "-m", "nbsnake"]),
        ("", ["nbsnake"]),
    ],
)
def test_the_working_directory_is_taken_from_where_python_looks(
    folder: Project, path: str, words: list[str]
) -> None:
    """As far as Python's own start has not imported from there already."""
    witness = folder.root.with_name("ran")
    for name in ("dvc", "ruamel", "yaml", "jinja2", "configobj", "pathspec", "rich", "shutil"):
        folder.write(f"{name}.py", f"open({str(witness)!r}, 'a').write({name!r})\n")
    ended = subprocess.run(
        [*words, "init"],
        cwd=folder.root,
        env={**folder.env, **({"PYTHONPATH": path} if path else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert not witness.exists(), witness.read_text()


@pytest.mark.parametrize("words", [["snakemake", "--cores", "1"], ["nbsnake", "run", "-j", "1"]])
def test_a_script_named_like_a_module_is_run_by_its_stage_only(
    folder: Project, words: list[str]
) -> None:
    """As by DVC: ``copy.py`` is a stage's program, and no module of Python's to any tool."""
    folder.nbsnake("init")
    folder.write("foo", "foo\n")
    ran = "with open('ran.txt', 'a') as log:\n    log.write('once\\n')\n"
    folder.write("copy.py", f"import shutil\n{ran}shutil.copyfile('foo', 'bar')\n")
    folder.write("queue.py", "raise SystemExit('imported')\n")
    stage = {"cmd": "python copy.py", "deps": ["foo", "copy.py"], "outs": ["bar"]}
    folder.write("dvc.yaml", json.dumps({"stages": {"copy": stage}}))
    twin = folder.copy_to(folder.root.with_name("twin"))
    subprocess.run(words, cwd=folder.root, env=folder.env, capture_output=True, check=True)
    twin.dvc("repro")
    assert folder.lock() == twin.lock()
    assert folder.read("ran.txt") == "once\n"


SETTINGS = {
    "memory": "    site_cache_dir = st\n",
    "command": "['remote \"r\"']\n    url = webdav://h/x\n    bearer_token_command = {}\n",
    "S3": "['remote \"r\"']\n    url = s3://bucket/x\n    configpath = aws\n    # {}\n",
}


@pytest.mark.parametrize("level", ["config", "config.local"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_tracked_settings_of_dvc_name_no_program(done: Project, setting: str, level: str) -> None:
    witness = done.root.with_name("ran")
    text = SETTINGS[setting].format(f"touch {witness}")
    done.write(f".dvc/{level}", f"[core]\n    remote = r\n{text}")
    done.git("add", "--force", f".dvc/{level}")
    ended = done.run("nbsnake", "restore", "--pull", code=3)
    assert f".dvc/{level}: " in ended.stderr
    assert "may run a program" in ended.stderr
    assert not witness.exists()
    compared = done.run("nbsnake", "compare", code=3 if setting == "memory" else 0)
    assert ("may run a program" in compared.stderr) == (setting == "memory")
    assert not (done.root / "st").exists()
    assert not witness.exists()
