"""What several tests of the report use."""

from html.parser import HTMLParser
from pathlib import Path

from nbsnake.compare.rows import StageResult
from nbsnake.report.plots import plots_of

HOSTILE = (
    "</script></style></title></textarea><script>alert(1)</script><img src=x onerror=alert(2)>"
)


class Elements(HTMLParser):
    """What a browser would make of a document: its elements and their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def cell(source, *outputs, kind="code"):
    about = {"nbsnake": {"cell": 1, "seconds": 0.5}}
    return {"cell_type": kind, "metadata": about, "source": source, "outputs": list(outputs)}


def plots_in(options, **files):
    for name, text in files.items():
        Path(name.replace("_", ".")).write_text(text)
    paths = [name.replace("_", ".") for name in files]
    return [*plots_of([StageResult("join", "join", plots=dict.fromkeys(paths, options))])]


ROWS = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]
