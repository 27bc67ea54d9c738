"""The tools that run digits: how each is installed, set up and called, and where its values are.

The files that a person writes for a tool are in ``projects/<name>``: its settings, and in ``cells``
the first code cell of each notebook where the tool needs another one. ``sweep`` holds what is added
or changed for 20 variants of the svm notebook.
"""

from dataclasses import dataclass
from pathlib import Path

PROJECTS = Path(__file__).parent / "projects"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A way to run the notebooks.

    ``packages`` are installed into its own environment beside those of digits; none for the
    environment that runs this script. ``setup`` are commands in the new project, ``run`` the one
    that brings it up to date. ``values`` is the file with the value that is changed from ``old``
    to ``new``. ``tagged`` says that the first code cell has papermill's tag ``parameters``.
    """

    name: str
    title: str
    packages: tuple[str, ...] = ()
    setup: tuple[tuple[str, ...], ...] = ()
    run: tuple[str, ...]
    values: str = "params.yaml"
    old: str = "c: 4.0"
    new: str = "c: 8.0"
    tagged: bool = True

    @property
    def environment(self) -> str:
        """The name of its environment, which tools with the same packages share."""
        return self.packages[0] if self.packages else ""


GIT = ("git", "init", "--quiet")
DVC = ("dvc", "init", "--quiet")
SNAKEMAKE = ("snakemake", "--cores", "2", "--quiet")
CALKIT = ("calkit", "check", "env", "--name", "main")

TOOLS = (
    Tool(
        name="nbsnake",
        title="nbsnake",
        setup=(GIT, DVC, ("nbsnake", "init")),
        run=("nbsnake", "run", "-j", "2"),
        tagged=False,
    ),
    Tool(
        name="calkit",
        title="Calkit",
        packages=("calkit-python",),
        setup=(GIT, DVC, CALKIT),
        run=("calkit", "run"),
        values="calkit.yaml",
    ),
    Tool(
        name="klej",
        title="klej, DVC and papermill",
        packages=("klej", "papermill"),
        setup=(GIT, DVC, ("klej", "setup-locking")),
        run=("klej", "repro", "--backend", "local", "--local-jobs", "2"),
    ),
    Tool(
        name="dvc",
        title="DVC and papermill",
        packages=("dvc", "papermill"),
        setup=(GIT, DVC),
        run=("dvc", "repro"),
    ),
    Tool(
        name="snakemake_notebook",
        title="Snakemake `notebook:`",
        packages=("snakemake", "nbconvert", "papermill"),
        run=SNAKEMAKE,
        tagged=False,
    ),
    Tool(
        name="snakemake_papermill",
        title="Snakemake and papermill",
        packages=("snakemake", "nbconvert", "papermill"),
        run=SNAKEMAKE,
    ),
    Tool(
        name="pytask",
        title="pytask and papermill",
        packages=("pytask", "papermill"),
        run=("pytask",),
    ),
    Tool(
        name="ploomber",
        title="Ploomber (archived)",
        packages=("ploomber",),
        run=("ploomber", "build"),
        values="pipeline.yaml",
    ),
)
