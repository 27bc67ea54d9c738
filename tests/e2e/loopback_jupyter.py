"""A real Jupyter server on the loopback interface, with the extensions of this checkout."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import requests
from e2e_project import Project

CHECKOUT = Path(__file__).parents[2] / "nbsnake/jupyter"
TOKEN = "only-of-the-tests"  # noqa: S105
PATIENCE = 120.0  # seconds; what takes longer hangs


def browser(**headers: str) -> requests.Session:
    """What keeps cookies, and sends these headers with each request."""
    session = requests.Session()
    session.trust_env = False  # no proxy
    session.headers.update(headers)
    return session


class Jupyter(NamedTuple):
    """A server whose root is the folder that contains the project."""

    url: str
    project: Project
    log: Path
    owner: requests.Session

    def ask(
        self,
        at: str,
        method: str = "GET",
        body: object = None,
        by: requests.Session | None = None,
        **query: str,
    ) -> requests.Response:
        """One request of the owner of the token, or ``by`` somebody else."""
        asking = by or self.owner
        return asking.request(method, f"{self.url}{at}", params=query, json=body, timeout=PATIENCE)

    def of(self, way: str, notebook: str, method: str = "GET", **more: Any) -> requests.Response:
        """A request of the extension for a notebook of the project."""
        path = f"{self.project.root.name}/notebooks/{notebook}.ipynb"
        return self.ask(f"nbsnake/{way}", method, path=path, **more)

    def status(self, notebook: str) -> dict[str, Any]:
        """What the badge of a notebook shows."""
        found = self.of("status", notebook).json()
        (own,) = (step for step in found["steps"] if step["own"])
        return {**found, **own}

    def save(self, notebook: str, old: str = "", new: str = "") -> requests.Response:
        """Save the notebook, or a text file as one, with some of its text replaced."""
        name = requests.utils.quote(notebook if notebook.endswith(".py") else f"{notebook}.ipynb")
        path = f"api/contents/{self.project.root.name}/notebooks/{name}"
        text = json.dumps(self.ask(path, type="notebook").json()["content"])
        assert not old or text.count(old) == 1
        content = json.loads(text.replace(old, new) if old else text)
        return self.ask(path, "PUT", {"type": "notebook", "format": "json", "content": content})

    def wait_for_run(self, notebook: str) -> dict[str, Any]:
        """The run when it has ended."""
        deadline = time.monotonic() + PATIENCE
        while (run := self.of("progress", notebook).json()["run"])["running"]:
            assert time.monotonic() < deadline, run
            time.sleep(0.05)
        return dict(run)

    def logged_in(self, **headers: str) -> requests.Session:
        """A browser that has the cookies of a login, and sends no token."""
        session = browser()
        self.ask("api/status", by=session, token=TOKEN)
        session.get(f"{self.url}login?token={TOKEN}", timeout=PATIENCE)
        session.headers.update(headers)
        return session


@contextlib.contextmanager
def serving(project: Project, folder: Path, app: str = "server", *more: str) -> Iterator[Jupyter]:
    """Start ``jupyter lab``, ``notebook`` or ``server``, with ``more`` options.

    Settings and logs are in ``folder``.
    """
    data, config = folder / "data", folder / "config/jupyter_server_config.d"
    for path in (data / "labextensions", config):
        path.mkdir(parents=True)
    (data / "labextensions/nbsnake").symlink_to(CHECKOUT / "labextension")
    (config / "nbsnake.json").write_text((CHECKOUT / "server_config.json").read_text())
    asked = folder / "JUPYTERLAB_SETTINGS_DIR/@jupyterlab/apputils-extension"
    asked.mkdir(parents=True)  # so that Lab's question about its news does not cover the page
    (asked / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    names = ("JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    own = {name: str(folder / name) for name in (*names, "IPYTHONDIR")}
    env = {
        **project.env,
        **own,
        "JUPYTER_CONFIG_DIR": str(config.parent),
        "JUPYTER_DATA_DIR": str(data),
        "JUPYTER_PREFER_ENV_PATH": "0",  # this checkout's before what is installed
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "jupyter.log"
    options = [
        *("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
        *("--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"),
        *(f"--ServerApp.root_dir={project.root.parent}", "--LabApp.news_url="),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *more,
    ]
    program = str(Path(sys.executable).with_name("jupyter"))
    with log.open("w") as out:
        process = subprocess.Popen(
            [program, app, *options], cwd=folder, env=env, stdout=out, stderr=out
        )
    try:
        jupyter = Jupyter(
            f"http://127.0.0.1:{port}/", project, log, browser(Authorization=f"token {TOKEN}")
        )
        _wait_until_it_answers(jupyter, process)
        yield jupyter
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:  # which Lab's own end sometimes takes
            process.kill()
            process.wait(timeout=PATIENCE)


def _wait_until_it_answers(jupyter: Jupyter, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, jupyter.log.read_text()
        assert time.monotonic() < deadline, jupyter.log.read_text()
        with contextlib.suppress(requests.ConnectionError):
            if jupyter.ask("api").ok:
                return
        time.sleep(0.05)
