"""Folders of notebooks for tests of adopt, and what becomes of them."""

import json
from pathlib import Path

from builders import nb_fields

from nbsnake.adopt.folder import make_plan
from nbsnake.adopt.readings import read_all
from nbsnake.notebook.spec import PLAIN


def put(path, *cells):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(nb_fields(*cells), indent=1))


def write(path):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("1\n")


def plan_of(*named):
    paths = sorted(path.as_posix() for path in Path().rglob("*.ipynb"))
    return make_plan(read_all(paths, PLAIN), named)


def hazards(plan):
    return [f"{each.where}: {each.text}" for each in plan.hazards]


READ_WRITE = 'open("{1}", "w").write(open("{0}").read())'


def step(path, reads, writes):
    put(path, READ_WRITE.format(reads, writes))


def docstring(path):
    return json.loads(Path(path).read_text())["cells"][0]["source"].split('"""')[1]
