"""What the server answers under ``/nbsnake/``.

Each request is authenticated and authorized by Jupyter, and comes from its own pages: Jupyter
checks the token or cookie, the origin, and the XSRF token of what changes something. The argument
``path`` names a notebook as Jupyter does, below the server's root.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from nbsnake.jupyter.confine import Place
from nbsnake.jupyter.project import Project, Projects

NO_PROJECT = "not in a project of nbsnake"


class _OfNotebook:
    """What all handlers share: the notebook that a request names, and its project."""

    auth_resource = "nbsnake"
    projects: Projects

    def initialize(self, projects: Projects) -> None:
        """Called by tornado."""
        self.projects = projects

    def place(self) -> Place:
        """The notebook. Answers 404 for what is not below the server's root."""
        try:
            return self.projects.place(self.get_query_argument("path"))  # type: ignore[attr-defined]
        except FileNotFoundError:
            raise HTTPError(404, "no such notebook") from None

    def of_project(self) -> tuple[Place, Project]:
        """The notebook and its project. Answers 404 where it is in none."""
        place = self.place()
        if place.project is None:
            raise HTTPError(404, place.why or NO_PROJECT)
        return place, self.projects.at(place.project)

    def word(self, place: Place) -> str:
        """The step that is asked for, or the notebook, as one word of a command line."""
        step: str = self.get_query_argument("step", "")  # type: ignore[attr-defined]
        if step.startswith("-"):
            raise HTTPError(400, "not the name of a step")
        return step or str(place.notebook)


class StatusHandler(_OfNotebook, APIHandler):
    """The steps of the project; none is no error, for most notebooks are in no project."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the overview, paths as Jupyter has them."""
        place = self.place()
        if place.project is None:
            self.finish({"project": None, "why": place.why, "steps": [], "run": None})
            return
        found = await self.projects.at(place.project).overview(place.name)
        below = place.project.relative_to(self.projects.root).as_posix()
        at = "" if below == "." else f"{below}/"
        steps = [_placed(step, at, place.name) for step in found["steps"]]
        self.finish({**found, "project": below, "why": "", "steps": steps})


def _placed(step: dict[str, Any], at: str, name: str) -> dict[str, Any]:
    own = bool(step["notebook"]) and step["notebook"] == name
    paths = {key: step[key] and f"{at}{step[key]}" for key in ("notebook", "log")}
    return {**step, **paths, "own": own}


class WhyHandler(_OfNotebook, APIHandler):
    """Why a step is not fresh, as ``nbsnake why`` prints it."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the text."""
        place, project = self.of_project()
        done = await project.call("why", self.word(place))
        self.finish({"text": done.out or done.err, "code": done.code})


class RunHandler(_OfNotebook, APIHandler):
    """The run of the project: start it, follow it, stop it."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Run the notebook's steps, a step by its name, or with ``all=1`` the pipeline."""
        place, project = self.of_project()
        words = [] if self.get_query_argument("all", "") else [self.word(place)]
        if not project.start(words):
            raise HTTPError(409, "a run is in progress in this project")
        self.set_status(202)
        self.finish({"run": project.run_as_dict()})

    @authenticated
    @authorized
    async def delete(self) -> None:
        """Ask the run to end."""
        _, project = self.of_project()
        if project.run and project.is_running:
            project.run.stop()
        self.set_status(202)
        self.finish({"run": project.run_as_dict()})


class ProgressHandler(_OfNotebook, APIHandler):
    """How far the run is; asked for often, and answered from memory."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the last run that this server started, null for none."""
        _, project = self.of_project()
        self.finish({"run": project.run_as_dict()})


class ParametersHandler(_OfNotebook, APIHandler):
    """The values of params.yaml, with their types."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the fields of the form, those of the notebook's steps first."""
        place, project = self.of_project()
        self._answer(await project.ask("fields", notebook=place.name))

    @authenticated
    @authorized
    async def put(self) -> None:
        """Change values; all of them or, with the faults by field, none."""
        _, project = self.of_project()
        body = self.get_json_body()
        fields = body if isinstance(body, dict) else {}
        changes, digest = fields.get("changes"), fields.get("digest")
        if not isinstance(changes, list) or not isinstance(digest, str):
            raise HTTPError(400, "changes and digest are missing")
        self._answer(await project.ask("change", changes=changes, digest=digest))

    def _answer(self, found: dict[str, Any]) -> None:
        self.set_status(422 if found.get("faults") or found.get("fault") else 200)
        self.finish(found)


class _PageHandler(_OfNotebook, JupyterHandler):
    """A page with what notebooks showed, which may be anything.

    The browser gives it an origin of its own, so that nothing in it acts as the user.
    """

    sandbox = "sandbox allow-popups"

    @property
    def content_security_policy(self) -> str:
        """For the header; Jupyter's own pages may show it in a frame."""
        return f"{self.sandbox}; frame-ancestors 'self'"

    async def show(self, name: str, *words: str) -> None:
        """Answer with the file that a command writes at the end of its words."""
        if not self.check_origin():
            raise HTTPError(404)
        _, project = self.of_project()
        with tempfile.TemporaryDirectory(prefix="nbsnake-") as folder:
            file = os.path.join(folder, name)
            done = await project.call(*words, file)
            if done.code:
                raise HTTPError(404, done.err.strip())
            page = Path(file).read_bytes()
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(page)


class ReportHandler(_PageHandler):
    """The report of the project; its own script is all that runs in it."""

    sandbox = "sandbox allow-popups allow-scripts"

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the page."""
        await self.show("report.html", "report", "-o")


class ExecutedHandler(_PageHandler):
    """The notebook of a step's last run, or with ``failed=1`` of its last failure."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the page."""
        failed = ["--failed"] if self.get_query_argument("failed", "") else []
        await self.show("run.html", "show", self.word(self.place()), *failed, "--html")


HANDLERS = {
    "status": StatusHandler,
    "why": WhyHandler,
    "run": RunHandler,
    "progress": ProgressHandler,
    "parameters": ParametersHandler,
    "report": ReportHandler,
    "executed": ExecutedHandler,
}


def routes(projects: Projects) -> list[tuple[str, type[Any], dict[str, Any]]]:
    """The handlers as tornado takes them; the server puts its base URL before them."""
    own = {"projects": projects}
    return [(url_path_join("/nbsnake", name), each, own) for name, each in HANDLERS.items()]
