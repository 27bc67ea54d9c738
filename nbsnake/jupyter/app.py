"""The extension of Jupyter's server: its handlers, and what a save of a notebook starts."""

from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp

from nbsnake import __version__
from nbsnake.jupyter.confine import SUFFIX
from nbsnake.jupyter.handlers import routes
from nbsnake.jupyter.project import Projects

# The contents service sends it with any manager, also jupytext's, which drops post-save hooks.
CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
PATIENCE = 3.0  # seconds that a run has to end, when the server does


class Extension(ExtensionApp):
    """One for each server; it knows the projects whose notebooks were opened."""

    name = "nbsnake"
    version = __version__
    extension_url = "/nbsnake"

    def initialize_handlers(self) -> None:
        """Add the handlers, and listen to saves."""
        manager = self.serverapp.contents_manager
        self.projects = Projects(Path(getattr(manager, "root_dir", "") or self.serverapp.root_dir))
        self.handlers.extend(routes(self.projects))
        self.serverapp.event_logger.add_listener(schema_id=CONTENTS, listener=self._on_contents)

    async def stop_extension(self) -> None:
        """End the runs that this server started."""
        await self.projects.close(PATIENCE)

    async def _on_contents(self, logger: object, schema_id: str, data: dict[str, Any]) -> None:
        """Generate after a save. Whatever is wrong, the notebook is saved."""
        if data["action"] != "save":
            return
        try:
            place = self.projects.place(data["path"])
        except FileNotFoundError:
            return
        if place.project is None or place.notebook.suffix != SUFFIX:
            return
        if fault := await self.projects.at(place.project).generate(place.name):
            self.log.warning("nbsnake: %s is not generated: %s", place.name, fault)
