"""What a kernel does around cells, and how a script does it: the table of docs/magics.md."""

from typing import NamedTuple


class Custom(NamedTuple):
    """What code can notice, what Jupyter does, and what a script does, each as one sentence."""

    what: str
    jupyter: str
    script: str


TABLE = (
    Custom(
        "figures of matplotlib",
        "The inline backend closes them at the end of each cell.",
        '`plt.close("all")` stands below each cell that may draw, but for the last one.',
    ),
    Custom(
        "`%matplotlib widget`, `notebook`, `qt`, `agg`, `matplotlib.use()`, `close_figures` off",
        "Figures stay open.",
        "They stay open, and so they do from that line on where the notebook uses both.",
    ),
    Custom(
        "`plt.show()`, `plt.pause()`, `plt.ioff()`",
        "It closes all figures, too; what is drawn without interactive mode stays.",
        "The same, by a backend that the script sets up where it makes a difference.",
    ),
    Custom(
        "`%config InlineBackend.rc = ...`",
        "matplotlib's defaults change where the backend starts.",
        "The same; `figure_format` and others count only for figures that are saved after Jupyter"
        " has shown them, which a script then draws as well.",
    ),
    Custom(
        "a cell with the tag `raises-exception`",
        "Its error is shown, and the next cell runs.",
        "The cell stands in a `try`, and its traceback goes to stderr.",
    ),
    Custom(
        "`sys.argv`",
        "It is the kernel's.",
        "Where code reads it, the options of the script are replaced by `-f kernel.json`; a script"
        " without parameters of its own leaves it alone.",
    ),
    Custom(
        "the event loop",
        "It is running: `asyncio.get_event_loop()` gives it, `asyncio.run()` is refused, and tasks"
        " go on between cells.",
        "The same, where code asks for the loop outside of `async def`.",
    ),
)
