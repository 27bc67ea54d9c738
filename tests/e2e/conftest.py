"""Projects for the end-to-end tests: each is built once and then copied for every test."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from diamond import NOTEBOOKS, PARAMS
from diskfaults import ForkServer, compile_faults, fork_server
from e2e_project import Project, environment, run_example
from servers import free_port, serve
from slurm_cluster import Cluster, why_not
from slurm_project import Login, write_work

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

SSHD = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PasswordAuthentication no
PermitRootLogin prohibit-password
PidFile none
StrictModes no
UsePAM no
Subsystem sftp internal-sftp
"""


class Visit(NamedTuple):
    """A page in a browser, what else it asked for (by URL), and what the browser reports."""

    page: "Page"
    requests: list[str]
    messages: list[str]


@pytest.fixture(scope="session")
def tool_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment(tmp_path_factory.mktemp("home"))


@pytest.fixture
def folder(tmp_path: Path, tool_env: dict[str, str]) -> Project:
    """An empty folder."""
    root = tmp_path / "empty"
    root.mkdir()
    return Project(root, tool_env)


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory, tool_env: dict[str, str]) -> Project:
    """Initialised, generated and committed; nothing has run. Only to be copied."""
    root = tmp_path_factory.mktemp("generated") / "project"
    root.mkdir()
    project = Project(root, tool_env)
    for step, cells in NOTEBOOKS.items():
        project.write_notebook(step, cells)
    project.write("params.yaml", PARAMS)
    project.write("data/raw.txt", "1 2 3\n")
    project.nbsnake("init")
    project.nbsnake("generate")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "generated")
    return project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, generated: Project) -> Project:
    """Run once by plain Snakemake and committed. Only to be copied."""
    project = generated.copy_to(tmp_path_factory.mktemp("finished") / "project")
    project.run("snakemake", "--cores", "2", env={"STEP_SECONDS": "0.7"})
    assert project.computed() == ["join", "left", "make", "right"]
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "finished")
    return project


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory, tool_env: dict[str, str]) -> Project:
    """The example of the repository, run once. Only to be copied."""
    return run_example("digits", tmp_path_factory.mktemp("digits") / "digits", tool_env)


@pytest.fixture(scope="session")
def cloned(tmp_path_factory: pytest.TempPathFactory, finished: Project) -> Project:
    """A git clone with all data pulled from a DVC remote. Only to be copied."""
    folder = tmp_path_factory.mktemp("cloned")
    origin = finished.copy_to(folder / "origin")
    origin.dvc("remote", "add", "--default", "--quiet", "store", str(folder / "store"))
    origin.dvc("push", "--quiet", "--run-cache")
    origin.git("commit", "--all", "--quiet", "--message", "remote")
    origin.git("clone", "--quiet", ".", str(folder / "project"))
    clone = Project(folder / "project", finished.env)
    clone.dvc("pull", "--quiet")
    return clone


@pytest.fixture
def new_project(generated: Project, tmp_path: Path) -> Callable[[str], Project]:
    """Copies of the project in which nothing has run, by name."""
    return lambda name: generated.copy_to(tmp_path / name)


@pytest.fixture
def project(generated: Project, tmp_path: Path) -> Project:
    """A project in which nothing has run."""
    return generated.copy_to(tmp_path / "project")


@pytest.fixture
def done(finished: Project, tmp_path: Path) -> Project:
    """A project in which everything has run."""
    return finished.copy_to(tmp_path / "done")


@pytest.fixture
def clone(cloned: Project, tmp_path: Path) -> Project:
    """A fresh clone with its data, in which nothing has run."""
    return cloned.copy_to(tmp_path / "clone")


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[int]:
    """The port of an S3 server with the bucket ``store``."""
    server = shutil.which("moto_server")
    if server is None:
        pytest.skip("moto's server is not installed: pip install 'nbsnake[remote]'")
    pytest.importorskip("dvc_s3", reason="pip install 'nbsnake[remote]'")
    port = free_port()
    for _ in serve([server, "-H", "127.0.0.1", "-p", str(port)], port, tmp_path / "s3.log"):
        import boto3

        boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106  (of the server on this machine)
        ).create_bucket(Bucket="store")
        yield port


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[int]:
    """The port of an SSH server that lets in whoever has ``tmp_path / "key"``."""
    server = shutil.which("sshd", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if server is None:
        pytest.skip("there is no sshd: install openssh-server")
    pytest.importorskip("dvc_ssh", reason="pip install 'nbsnake[remote]'")
    if os.getuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)  # where sshd, as root, locks itself in
    for name in ("host_key", "key"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(make, check=True)
    port = free_port()
    (tmp_path / "sshd_config").write_text(SSHD.format(port=port, folder=tmp_path))
    command = [server, "-D", "-e", "-f", str(tmp_path / "sshd_config")]
    yield from (port for _ in serve(command, port, tmp_path / "sshd.log"))


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, tool_env: dict[str, str]
) -> Iterator[ForkServer]:
    """Runs the tools quickly, and with disk faults where a test asks for them."""
    folder = tmp_path_factory.mktemp("server")
    library = compile_faults(folder)
    if library is None:
        pytest.skip("there is no C compiler for Linux: install gcc")
    env = {**tool_env, "LD_PRELOAD": str(library)}
    with fork_server(env, folder) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """The distribution's Chromium; skips where it or playwright is not installed."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def _note_failed(visit: Visit, request: "Request") -> None:
    """What the page's own policy holds back is no request."""
    if request.failure != "csp":
        visit.requests.append(request.url)


@pytest.fixture
def visit(chromium: "Browser", tmp_path: Path) -> Iterator[Callable[[Path], "Visit"]]:
    """Open a file in the browser; a picture of what is seen stays in the test's folder."""
    with contextlib.closing(chromium.new_context()) as context:

        def opened(path: Path) -> Visit:
            page = context.new_page()
            found = Visit(page, [], [])
            page.on("requestfinished", lambda request: found.requests.append(request.url))
            page.on("requestfailed", lambda request: _note_failed(found, request))
            page.on("console", lambda message: found.messages.append(message.text))
            page.on("pageerror", lambda error: found.messages.append(str(error)))
            page.goto(path.as_uri(), wait_until="networkidle")
            page.screenshot(path=tmp_path / f"{path.stem}.png", full_page=True)
            found.requests.remove(path.as_uri())
            return found

        yield opened


@pytest.fixture(scope="session")
def started() -> Iterator[Cluster]:
    """Two nodes of two CPUs; sockets need a short path."""
    reason = why_not()
    if not reason and importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        reason = "the extra is not installed: pip install 'nbsnake[slurm]'"
    if reason:
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="nbsnake-"))
    cluster = Cluster(folder, cpus=2)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(started: Cluster) -> Iterator[Cluster]:
    yield started
    jobs = started.jobs()
    if jobs:
        started.call("scancel", *jobs)
    assert jobs == [], "jobs were left behind"


@pytest.fixture
def login(project: Project, cluster: Cluster) -> Login:
    """The diamond of four steps, in which nothing has run."""
    return Login(project, cluster)


@pytest.fixture
def alone(folder: Project, cluster: Cluster) -> Callable[..., Login]:
    """A project of one step that does what a test says."""

    def make(action: str, *fields: str) -> Login:
        folder.nbsnake("init")
        write_work(folder, action, *fields)
        folder.git("add", ".")
        folder.git("commit", "--quiet", "--message", "work")
        return Login(folder, cluster)

    return make
