"""Whatever is in the files that nbsnake reads: a message, and no other exception than its own.

Of nbsnake's own state, what cannot be read is thrown away and made again.
"""

import contextlib
import json
import os
import random
import shutil
from functools import cache
from pathlib import Path

import pytest
import yaml
from builders import declare, nb_bytes
from mutation import damaged, nested, retyped
from results_builder import Folder, planned
from set_back import CopyOf

from nbsnake.__main__ import main
from nbsnake.cluster.usage import fitting, usage_of
from nbsnake.commands.restore import _list_kept
from nbsnake.errors import NbsnakeError
from nbsnake.generate.convert import Converted, Job, Script
from nbsnake.generate.generate import find_changes, generate
from nbsnake.generate.unchanged import is_unchanged
from nbsnake.job.digests import read_digests
from nbsnake.job.executed import notebook_path
from nbsnake.job.kept import keep
from nbsnake.job.plan import PlannedOut, read_current_plan, read_plan
from nbsnake.job.receipt import Failure, read_failure, read_receipt, write_failure
from nbsnake.job.records import read_record, touched_since, write_record
from nbsnake.job.running import become_head, read_head
from nbsnake.job.rwlock import _blocker, _read
from nbsnake.notebook.spec import Reading
from nbsnake.python.versions import Versions
from nbsnake.results.accept import accept, read_accepted, reason_of
from nbsnake.results.cells import reason_lines
from nbsnake.results.freshness import Judge
from nbsnake.results.restore import restore, save_outputs
from nbsnake.results.sync import sync
from nbsnake.settings.schema import SCHEMA_FILE, read_schema, schema_faults

FIRST = int(os.environ.get("SEED", "0"))
FEW, CHUNK = 12, 100
MANY = int(os.environ.get("MUTATIONS", "100"))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A project in which steps ran, with every kind of record."""
    root = tmp_path_factory.mktemp("results") / "project"
    root.mkdir()
    with contextlib.chdir(root):
        folder = Folder()
        keeps = planned("keeps", "out.txt", "kept.txt")
        keeps = keeps._replace(run_cache=False, outs=(PlannedOut("kept.txt", cache=False),))
        many = planned("many", "mid.txt", "many")
        code = "import os, sys; os.mkdir('many'); [open(f'many/{n}', 'w').write(n) for n in 'ab']"
        many = many._replace(argv=(many.argv[0], "-c", code))
        folder.plan_steps(*folder.plan.steps.values(), keeps, many)
        folder.run_all()
        keep("kept.txt")
        write_record("mid.txt", {"params": ["1"], "starttime": 1.0, "endtime": 2.0}, complete=True)
        become_head().close()
        Path("in.txt").write_text("2\n")
        assert folder.exec("make") == 0
        accept(Judge(read_plan(), read_digests()), ["join"], "by hand")
        digests = read_digests()
        sync(folder.plan, digests)
        digests.save()
        save_outputs(Judge(folder.plan, digests))
        write_failure(Failure("join", 1, 12.5, 2, 3, "x = 1", "Error", "said"))
        Path("code.py").write_text("x = 1\n")
        versions = Versions()
        versions.note_file("code.py", "")
        versions.save()
        holder = {"pid": 1, "cmd": "a"}
        table = {"read": {"/x": [holder]}, "write": {"/y": holder}}
        Path(".dvc/tmp/rwlock").write_text(json.dumps(table))
    return root.rename(root.with_name("source"))


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    """A project with a step, generated, and a notebook that was converted."""
    root = tmp_path_factory.mktemp("notebooks") / "project"
    (root / "notebooks").mkdir(parents=True)
    (root / ".dvc").mkdir()
    with contextlib.chdir(root):
        source = declare(":param int n: a number", ":param x: path", ":dvc-out x: data/x.txt")
        text = nb_bytes(f"{source}n = 3\nx = 'y'\n", "import helper")
        Path("notebooks/a.ipynb").write_bytes(text)
        Path("notebooks/helper.py").write_text("import json\n")
        Path("nbsnake.yaml").write_text("strict: true\nenvironment: uv.lock\n")
        Path("uv.lock").write_text("x\n")
        generate()
        memo = Converted(Reading(), root)
        job = Job("notebooks/a.ipynb", "notebooks/helper.py")
        memo.note(job, Script("import json\n", (os.path.abspath("notebooks/a.ipynb"),), ()))
        memo.save()
        assert is_unchanged()
    return root.rename(root.with_name("source"))


@pytest.fixture(scope="module")
def authored(tmp_path_factory):
    """A project with an edited script, bare notebooks, files of other tools, and a merge."""
    root = tmp_path_factory.mktemp("authored") / "project"
    for folder in ("notebooks", ".dvc", "bare"):
        (root / folder).mkdir(parents=True)
    with contextlib.chdir(root):
        source = declare(":param int n: a number", ":param x: path", ":dvc-out x: data/x.txt")
        Path("notebooks/a.ipynb").write_bytes(nb_bytes(f"{source}n = 3\nx = 'y'\n", "print(n)"))
        generate()
        script = Path("workflow/scripts/a.py")
        script.write_text(script.read_text().replace("print(n)", "print(n + 1)"))
        writes = "for n in ['a', 'b']:\n    open(f'out/{n}.csv', 'w').write('%s' % n)"
        Path("bare/b.ipynb").write_bytes(nb_bytes(writes, "x = 1", "open('c.txt').read()"))
        Path("long.ipynb").write_bytes(
            nb_bytes(("markdown", "## One"), "x = 1", ("markdown", "## Two"), "y = x + 1")
        )
        task = {"source": "bare/b.ipynb", "product": {"nb": "o.ipynb", "data": "out/a.csv"}}
        tasks = [{**task, "params": {"a": 1, "b": [1, 2]}, "upstream": ["c"]}, {"source": "c.py"}]
        Path("pipeline.yaml").write_text(as_yaml({"tasks": tasks}))
        rule = "input: 'c.txt'\n    output: a=expand('out/{n}.csv', n=N)\n    params: x=1, y='{z}'"
        Path("Snakefile").write_text(
            f"N = ['a']\nrule b:\n    {rule}\n    notebook: 'bare/b.ipynb'\n"
        )
        stage = {"cmd": "x", "deps": [{"path": "a", "hash": "md5", "md5": "0" * 32, "size": 1}]}
        for side, names in {"base": "ab", "ours": "abc", "theirs": "abd"}.items():
            stages = {name: {**stage, "cmd": f"x {side}"} for name in names}
            Path(f"{side}.lock").write_text(as_yaml({"schema": "2.0", "stages": stages}))
    return root.rename(root.with_name("source"))


def use_authored(kind):
    def use(dice):
        code = main([*dice.choice(AUTHORED[kind][1])])
        assert code in (0, 1, 2, 3)

    return use


ADOPT = (["adopt"], ["adopt", "--write"], ["adopt", "bare"])
MERGE = (["merge", "lock", "base.lock", "ours.lock", "theirs.lock", "dvc.lock"],)
AUTHORED = {
    "edited script": ("workflow/scripts/a.py", (["port"], ["port", "--write"])),
    "bare notebook": ("bare/b.ipynb", ADOPT),
    "Ploomber": ("pipeline.yaml", ADOPT),
    "Snakefile": ("Snakefile", ADOPT),
    "long notebook": ("long.ipynb", (["split", "long.ipynb"], ["split", "long.ipynb", "--write"])),
    "merged lock": ("*.lock", MERGE),
}


def use_results(dice):
    """All that reads records, and most that acts on them."""
    plan = read_current_plan() or read_plan()
    if plan is None:
        plan = PLAN[0]
    if dice.random() < 0.5:
        for path in ("mid.txt", "out.txt", "kept.txt", "many"):
            shutil.rmtree(path, ignore_errors=True) or Path(path).unlink(missing_ok=True)
    digests = read_digests()
    judge = Judge(plan, digests)
    [*reason_lines(judge, judge.verdicts().values())]
    acts = dice.random() < 0.25  # which takes longest
    if acts:
        restore(judge, force=True)
        save_outputs(judge)
    for name in plan.steps:
        if usage := usage_of(read_receipt(name)):
            fitting(usage)
        read_failure(name)
        reason_of(name, read_accepted())
        notebook_path(name)
    if acts:  # without the lock that waits for whoever left a file of another kind there
        sync(plan._replace(hardlink_lock=False), digests)
    digests.save()
    _list_kept()
    read_head()
    _blocker(_read(), ["/x"], ["/x"], {})
    read_record("mid.txt")
    touched_since("in.txt", 1.0, 2.0)


PLAN = []


def use_notebooks(dice):
    is_unchanged()
    find_changes()
    schema_faults(read_schema() or {}, {"a": {"n": "x", "m": 1}, "b": [1]}, "params.yaml")
    Converted(Reading(), Path()).knows(Job("notebooks/a.ipynb", "notebooks/helper.py"))
    generate()


RESULTS = {
    "plan": ".nbsnake/plan.json",
    "jobs": ".nbsnake/jobs.jsonl",
    "digests": ".nbsnake/digests.jsonl",
    "lock memo": ".nbsnake/lock.jsonl",
    "receipt": ".nbsnake/receipts/make.json",
    "accepted receipt": ".nbsnake/receipts/join.json",
    "failure": ".nbsnake/receipts/join.failed.json",
    "kept": ".nbsnake/kept.jsonl",
    "accepted": ".nbsnake/accepted",
    "objects": ".nbsnake/objects.json",
    "programs": ".nbsnake/programs.json",
    "head": ".nbsnake/head.lock",
    "rwlock": ".dvc/tmp/rwlock",
    "record": ".snakemake/metadata/bWlkLnR4dA==",
    "run-cache": ".dvc/cache/runs/*/*/*",
    "own run-cache": ".nbsnake/cache/runs/*/*/*",
    "folder object": ".dvc/cache/files/md5/*/*.dir",
    "dvc.lock": "dvc.lock",
}
NOTEBOOKS = {
    "generated": ".nbsnake/generated.json",
    "values": ".nbsnake/values.json",
    "notebooks": ".nbsnake/notebooks.json",
    "modules": ".nbsnake/modules.json",
    "converted": ".nbsnake/converted.json",
    "schema": SCHEMA_FILE,
    "notebook": "notebooks/a.ipynb",
    "params.yaml": "params.yaml",
    "nbsnake.yaml": "nbsnake.yaml",
    "dvc.yaml": "dvc.yaml",
}


def mutated(data, dice):
    """A mutation by bytes or by types; JSON where the file is JSON, else YAML."""
    kind = dice.random()
    if kind < 0.4:
        return damaged(data, dice)
    if kind < 0.41:
        return nested(100_000).encode()
    fields, dumped = parsed(data)
    try:
        return dumped(retyped(fields, dice)).encode() if dumped else damaged(data, dice)
    except (ValueError, yaml.YAMLError):
        return damaged(data, dice)


@cache
def parsed(data):
    """The fields of a file and how they are written, as JSON or YAML; None for neither."""
    with contextlib.suppress(ValueError):
        return json.loads(data), json.dumps
    with contextlib.suppress(ValueError, yaml.YAMLError):
        return yaml.load(data, yaml.CSafeLoader), as_yaml
    return None, None


def as_yaml(fields):
    return yaml.dump(fields, Dumper=yaml.CSafeDumper, sort_keys=False)


def attack(source, pattern, use, seeds):
    """Mutate the file in copies of a project, and use them where it was."""
    root = source.with_name("project")
    shutil.rmtree(root, ignore_errors=True)
    copy = CopyOf(source, root)
    for seed in seeds:
        dice = random.Random(seed)
        copy.set_back()
        with contextlib.chdir(root):
            file = dice.choice(sorted(Path().glob(pattern)))
            data = mutated(file.read_bytes(), dice)
            file.chmod(0o644)
            file.write_bytes(data)
            if dice.random() < 0.5:
                file.chmod(0o444)
            with contextlib.suppress(NbsnakeError, OSError):
                try:
                    use(dice)
                except (NbsnakeError, OSError):
                    raise
                except BaseException as error:
                    error.add_note(f"seed {seed}, {file}: {data!r:.3000}")
                    raise


@pytest.mark.parametrize("kind", RESULTS)
def test_damaged_records_raise_no_other_error(results, kind):
    with contextlib.chdir(results):
        PLAN[:] = [read_plan()]
    attack(results, RESULTS[kind], use_results, range(FIRST, FIRST + FEW))


@pytest.mark.parametrize("kind", NOTEBOOKS)
def test_damaged_memos_raise_no_other_error(notebooks, kind):
    attack(notebooks, NOTEBOOKS[kind], use_notebooks, range(FIRST, FIRST + FEW))


@pytest.mark.parametrize("kind", AUTHORED)
def test_damaged_sources_raise_no_other_error(authored, kind):
    attack(authored, AUTHORED[kind][0], use_authored(kind), range(FIRST, FIRST + FEW))


@pytest.mark.trust
@pytest.mark.parametrize("start", range(FIRST, FIRST + MANY, CHUNK))
@pytest.mark.parametrize("kind", AUTHORED)
def test_many_damaged_sources_raise_no_other_error(authored, kind, start):
    attack(authored, AUTHORED[kind][0], use_authored(kind), range(start, start + CHUNK))


@pytest.mark.trust
@pytest.mark.parametrize("start", range(FIRST, FIRST + MANY, CHUNK))
@pytest.mark.parametrize("kind", RESULTS)
def test_many_damaged_records_raise_no_other_error(results, kind, start):
    with contextlib.chdir(results):
        PLAN[:] = [read_plan()]
    attack(results, RESULTS[kind], use_results, range(start, start + CHUNK))


@pytest.mark.trust
@pytest.mark.parametrize("start", range(FIRST, FIRST + MANY, CHUNK))
@pytest.mark.parametrize("kind", NOTEBOOKS)
def test_many_damaged_memos_raise_no_other_error(notebooks, kind, start):
    seeds = range(start, start + CHUNK)
    attack(notebooks, NOTEBOOKS[kind], use_notebooks, seeds)
