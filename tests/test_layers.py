"""The layers of the package: imports point down, and the job's side needs nothing installed."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nbsnake

PACKAGE = Path(nbsnake.__file__).parent

# Each module imports modules of lower levels only.
LAYERS = (
    (
        "snakemake",
        "results",
        "compare",
        "cluster",
        "cluster.slurm",
        "dvc",
        "generate",
        "compile",
        "settings",
        "notebook",
        "model",
        "job",
        *(
            "job.atomic",
            "cluster.slurm.facts",
            "job.content",
            "errors",
            "ipython",
            "job.locktext",
            "mlvtools",
            "nbsnake",
        ),
        *(
            "model.needs",
            "model.paramtype",
            "model.plain",
            "render",
            "dvc.lock",
            "generate.script_diff",
            "cluster.slurm.call",
        ),
        *("tables", "job.threads", "model.variants"),
        *("ipython.magics", "ipython.scopes", "ipython.standins", "ipython.syntax"),
    ),
    (
        *(
            "cluster.slurm.ask",
            "job.cache",
            "model.choose",
            "settings.discover",
            "generate.files",
            "dvc.state",
            "dvc.gitignore",
            "model.step",
        ),
        *("places", "model.quote", "cluster.slurm.jobs"),
        *(
            "job.receipt",
            "job.records",
            "job.runcache",
            "ipython.edit",
            "render.values",
            "settings.yaml_text",
        ),
    ),
    (
        *(
            "commands",
            "compare.rows",
            "job.digests",
            "notebook.dvc_cmd",
            "notebook.read",
            "model.pipeline",
            "job.plan",
        ),
        *(
            "cluster.profiles",
            "snakemake.progress",
            "notebook.code",
            "job.running",
            "generate.scaffold",
            "settings.seeding",
            "generate.unchanged",
            "cluster.usage",
        ),
        *("ipython.expansion", "mlvtools.stage"),
    ),
    (
        *(
            "dvc.api",
            "notebook.fields",
            "job.lockmemo",
            "compare.ranking",
            "settings.schema",
            "cluster.slurm.profile",
            "snakemake.call",
            "results.sources",
        ),
        *("ipython.magiccode", "render.script", "render.stage"),
    ),
    (
        *(
            "cluster.fitting",
            "cluster.generic",
            "dvc.lockfile",
            "notebook.needs",
            "job.outputs",
            "notebook.params",
            "compare.plot",
            "dvc.revisions",
            "render.stage_reader",
        ),
        *("ipython.cellmagics", "render.bash", "render.rule"),
    ),
    ("notebook.files", "job.exec", "notebook.foreach", "results.freshness", "ipython.sessioncalls"),
    ("results.restore", "results.sync", "commands.compare", "ipython.translation"),
    ("notebook.read_step",),
    ("notebook.extras", "notebook.memo", "settings.uses", "mlvtools.files"),
    ("settings.settings",),
    ("settings.overlays", "dvc.make_plan", "commands.params", "mlvtools.project"),
    ("compile.bind", "dvc.current", "mlvtools.takeover"),
    (
        "generate.convert",
        "compile.link",
        "compile.strays",
        "commands.init",
        "commands.restore",
        "commands.sync",
    ),
    ("compile.compile", "commands.convert"),
    ("generate.generate",),
    (
        "generate.drift",
        "commands.check",
        "commands.export",
        "commands.generate",
        "commands.profile",
    ),
    ("snakemake.session", "commands.run", "commands.status"),
    ("cli",),
    ("__main__",),
)

# Imports inside functions, each with its reason.
LATE = {
    ("__main__", "nbsnake.job.exec"),  # a job must not load the command line
    ("__main__", "nbsnake.cli"),  # nor the command line what only jobs need
    ("dvc.current", "nbsnake.dvc.make_plan"),  # slow, and seldom needed
    ("commands.restore", "nbsnake.dvc.api"),  # slow, and for what is fetched only
    ("dvc.lock", "dvc.lock"),  # slow, and for file systems without locks only
    ("snakemake.session", "nbsnake.dvc.gitignore"),  # slow, and seldom needed
    ("results.sync", "nbsnake.dvc.api"),  # slow, and seldom needed
    ("results.sync", "nbsnake.dvc.state"),  # slow, and not needed where nothing is new
    ("snakemake.session", "snakemake.utils"),  # only there when Snakemake reads the Snakefile
    ("dvc.lockfile", "dvc.exceptions"),  # slow, and seldom needed
    ("dvc.lockfile", "dvc.utils.serialize"),
    ("notebook.read", "nbformat"),  # slow, and for notebooks of before 2015 only
    ("notebook.fields", "jinja2"),  # slow, and for projects with a docstring_conf only
    ("notebook.fields", "jinja2.sandbox"),
    ("settings.schema", "jsonschema"),  # slow, and needed only when a parameter file changed
    (
        "snakemake.session",
        "nbsnake.settings.schema",
    ),  # slow, and needed only for what --config tells
    ("snakemake.session", "snakemake.io"),  # only there when Snakemake reads the Snakefile
    ("commands.compare", "nbsnake.compare.plot"),  # slow, and for pictures only
    (
        "commands.check",
        "nbsnake.generate.generate",
    ),  # slow, and not needed where nothing has changed
    ("commands.generate", "nbsnake.generate.generate"),
    ("generate.drift", "nbsnake.generate.generate"),
    ("commands.status", "nbsnake.generate.generate"),
}

# What runs in jobs: an environment or container of a step may have nothing else.
IN_JOBS = frozenset(
    {
        "job",
        "job.exec",
        "job.content",
        "job.cache",
        "job.receipt",
        "job.plan",
        "job.digests",
        "job.records",
        "job.runcache",
        "job.atomic",
    }
    | {
        "job.lockmemo",
        "job.locktext",
        "job.outputs",
        "job.running",
        "cluster.slurm.call",
        "job.threads",
    }
    | {"nbsnake", "__main__"}
)

OUTSIDE = {
    "dvc": {"dvc.api", "dvc.lockfile", "dvc.make_plan", "dvc.lock", "dvc.revisions"},
    "dpath": {"dvc.make_plan"},
    "dvc_data": {"dvc.api", "dvc.state"},
    "dvc_objects": {"dvc.state", "dvc.make_plan"},
    "pathspec": {"dvc.gitignore"},
    "scmrepo": {"dvc.gitignore"},
    "zc": {"dvc.lock"},
    "snakemake": {"snakemake.session"},
    "jinja2": {"notebook.fields"},
    "nbformat": {"notebook.read"},
    "rich": {"snakemake.progress"},
    "jsonschema": {"settings.schema"},
    "matplotlib": {"compare.plot"},
    "ruamel": {
        "mlvtools.takeover",
        "places",
        "settings.settings",
        "render.stage",
        "settings.schema",
        "settings.seeding",
    },
    "subprocess": {
        "job.exec",
        "dvc.gitignore",
        "snakemake.call",
        "snakemake.session",
        "results.sync",
        "commands.init",
    }
    | {
        "cluster.slurm.ask",
        "cluster.slurm.call",
        "cluster.slurm.jobs",
        "ipython.standins",
    },  # whose functions become part of scripts
}
PRINTERS = frozenset(
    {
        "cli",
        "generate.drift",
        "job.exec",
        "snakemake.session",
        "dvc.lock",
        "job.running",
        "ipython.standins",
    }
    | {"cluster.slurm.call", "cluster.slurm.jobs"}
)


def _modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "nbsnake"
        yield name, ast.parse(path.read_text(encoding="utf-8"))


MODULES = dict(_modules())
LEVELS = {name: level for level, names in enumerate(LAYERS) for name in names}


def _full_names(node):
    """The modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert not node.level, "relative imports are not in use"
    if node.module == "nbsnake" or node.module.startswith("nbsnake."):
        inner = [f"{node.module}.{alias.name}" for alias in node.names]
        return [name if _short(name) in MODULES else node.module for name in inner]
    return [node.module]


def _imports(name, *, late=None):
    tree = MODULES[name]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and late in (None, node not in tree.body):
            yield from _full_names(node)


def _imports_for_types(name):
    """What is imported below ``if TYPE_CHECKING:``, and so never when the program runs."""
    for node in MODULES[name].body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for each in node.body:
                yield from _full_names(each)


def _short(full):
    return full.removeprefix("nbsnake.")


def test_layer_table_names_every_module_once():
    assert sorted(LEVELS) == sorted(MODULES)
    assert sum(map(len, LAYERS)) == len(LEVELS)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_point_down(name):
    own = [each for each in _imports(name) if each.partition(".")[0] == "nbsnake"]
    upwards = [each for each in own if LEVELS[_short(each)] >= LEVELS[name]]
    assert upwards == []


def test_each_module_stands_as_low_as_it_can():
    """But for the command line, which imports the commands by their names."""
    for name in MODULES.keys() - {"cli", "__main__"}:
        below = [LEVELS[_short(each)] for each in _imports(name) if each.startswith("nbsnake")]
        assert LEVELS[name] == max(below, default=-1) + 1, name


def test_late_imports_are_those_of_the_list():
    late = {
        (name, each)
        for name in MODULES
        for each in {*_imports(name, late=True)} - {*_imports_for_types(name)}
        if each.partition(".")[0] not in sys.stdlib_module_names
    }
    assert late == LATE


def test_only_the_command_line_imports_by_name():
    importers = {name for name in MODULES if "importlib" in set(_imports(name))}
    assert importers == {"cli"}


@pytest.mark.parametrize("name", sorted(IN_JOBS))
def test_jobs_need_the_standard_library_only(name):
    for each in _imports(name, late=False):
        top, _, _ = each.partition(".")
        assert top in sys.stdlib_module_names or _short(each) in IN_JOBS, each


@pytest.mark.parametrize(("top", "importers"), OUTSIDE.items(), ids=OUTSIDE)
def test_each_program_is_asked_in_few_places(top, importers):
    found = {name for name in MODULES for each in _imports(name) if each.partition(".")[0] == top}
    assert found <= importers


def test_no_other_package_is_imported():
    for name in MODULES:
        tops = {each.partition(".")[0] for each in _imports(name)}
        assert tops - {"nbsnake", *OUTSIDE} <= set(sys.stdlib_module_names)


def test_only_the_rim_prints():
    printers = {
        name
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == "print"
    }
    assert {name for name in printers if not name.startswith("commands.")} == PRINTERS


HEAVY = (
    "snakemake",
    "dvc",
    "nbformat",
    "nbconvert",
    "jinja2",
    "ruamel",
    "rich",
    "jsonschema",
    "matplotlib",
)


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["exec"], ["exec", "a", "--", "true"]], ids=" ".join
)
def test_help_and_jobs_load_no_heavy_module(words, tmp_path):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "nbsnake", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (2 if words == ["exec"] else 0)
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "nbsnake" in loaded
    assert {name for name in loaded if name.partition(".")[0] in HEAVY} == set()
