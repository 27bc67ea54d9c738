"""What the server knows of its projects: their runs, and the faults of saved notebooks."""

import asyncio
from pathlib import Path
from typing import Any

from nbsnake.jupyter.child import Done, ask, call
from nbsnake.jupyter.confine import Place, place_in
from nbsnake.jupyter.runs import Run

NOT_GENERATED = "not generated"
Answer = dict[str, Any]


class Project:
    """A project that has notebooks open in Jupyter.

    A generate that a save started ends before anything else is answered: until then the state of
    a step would be that of its old script.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.run: Run | None = None
        self._faults: dict[str, str] = {}
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def generate(self, notebook: str) -> str:
        """Write the script of a notebook that was saved; the fault is kept, and is the result."""
        async with self._lock:
            answer = await ask(self.root, "generate", notebook=notebook)
        fault: str = answer.get("fault", "")
        self._faults[notebook] = fault
        return fault

    async def overview(self, notebook: str) -> Answer:
        """All steps with their states, and the fault that keeps ``notebook`` from its script."""
        async with self._lock:
            answer = await ask(self.root, "overview")
        answer = {"steps": [], "totals": "", "faulty": [], "fault": "", **answer}
        own = [step for step in answer["steps"] if step["notebook"] == notebook]
        is_faulty = notebook in answer["faulty"]
        kept = self._faults.get(notebook, "")
        if not is_faulty and all(step["state"] != NOT_GENERATED for step in own):
            self._faults.pop(notebook, None)  # somebody else generated it
        elif kept:
            answer["fault"] = kept
        return {**answer, "faulty": is_faulty, "run": self.run_as_dict()}

    async def call(self, *words: str) -> Done:
        """Run a command of nbsnake, after a generate."""
        async with self._lock:
            return await call(self.root, *words)

    async def ask(self, operation: str, **request: Any) -> Answer:
        """The answer of a worker, after a generate."""
        async with self._lock:
            return await ask(self.root, operation, **request)

    def start(self, words: list[str]) -> bool:
        """Start a run; False while another one goes on."""
        if self.is_running:
            return False
        self.run = Run(self.root, words)
        self._task = asyncio.create_task(self._after_generate(self.run))
        return True

    def run_as_dict(self) -> Answer | None:
        """The last run that this server started, None for none."""
        return self.run.as_dict() if self.run else None

    @property
    def is_running(self) -> bool:
        """Whether a run that this server started goes on."""
        return self.run is not None and self.run.code is None

    async def close(self, seconds: float) -> None:
        """Stop the run, and give it some time to end."""
        if self.run and self._task and self.is_running:
            self.run.stop()
            await asyncio.wait([self._task], timeout=seconds)

    async def _after_generate(self, run: Run) -> None:
        async with self._lock:
            pass
        await run.follow()


class Projects:
    """The projects that have notebooks open; ``root`` is the folder below which Jupyter's paths
    are."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._opened: dict[Path, Project] = {}

    def place(self, path: str) -> Place:
        """Raises :class:`FileNotFoundError` for a path that names no file below the root."""
        return place_in(self.root, path)

    def at(self, root: Path) -> Project:
        """The project at a root, the same one each time."""
        return self._opened.setdefault(root, Project(root))

    async def close(self, seconds: float) -> None:
        """Stop all runs, and give them some time to end."""
        await asyncio.gather(*(project.close(seconds) for project in self._opened.values()))
