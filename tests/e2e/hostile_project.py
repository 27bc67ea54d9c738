"""Projects whose author wants more than results: one of thousands for each seed.

Each is a copy of a finished project with a few changes, any of which an author can put into a
repository, a cache or an archive, or that are made after the plan. ``OUT`` is a folder beside it
where nothing may change.
"""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from e2e_project import Project, notebook_text

Change = Callable[[Project, random.Random], str]

FOLDERS = (
    *(".nbsnake", ".nbsnake/receipts", ".nbsnake/running", ".nbsnake/cache", ".nbsnake/params"),
    *(".dvc", ".dvc/tmp", ".dvc/cache", ".dvc/cache/files", ".dvc/cache/files/md5"),
    *(".dvc/cache/runs", ".snakemake", ".snakemake/metadata", ".snakemake/incomplete"),
    *(".snakemake/locks", ".snakemake/log", "logs", "data", "data/parts", "results of all"),
    *("workflow", "workflow/scripts", "workflow/rules", "workflow/schemas", "workflow/envs"),
    *("workflow/profiles", "workflow/profiles/default", "notebooks", "clients"),
)
FILES = (
    *(".nbsnake/plan.json", ".nbsnake/jobs.jsonl", ".nbsnake/digests.jsonl"),
    *(".nbsnake/lock.jsonl", ".nbsnake/index"),
    *(".nbsnake/generated.json", ".nbsnake/notebooks.json", ".nbsnake/modules.json"),
    ".nbsnake/values.json",
    *(".nbsnake/head.lock", ".nbsnake/kept.jsonl", ".nbsnake/programs.json"),
    *(".nbsnake/running/make", ".nbsnake/receipts/make.json", ".nbsnake/receipts/join.failed.json"),
    *(".dvc/tmp/lock", ".dvc/tmp/rwlock", ".dvc/tmp/rwlock.lock", ".dvc/tmp/btime"),
    *(".dvc/config", ".dvc/config.local", ".dvc/.gitignore", ".gitignore", ".dvcignore"),
    *("data/.gitignore", "data/numbers.txt", "data/parts/count.txt", "data/raw.txt", "joined.txt"),
    *("results of all/left.txt", "metrics.json", "logs/make.log", "logs/join.log"),
    *("params.yaml", "dvc.yaml", "dvc.lock", "nbsnake.yaml", ".mlvtools", "pipeline.sh"),
    *("workflow/Snakefile", "workflow/rules/make.smk", "workflow/rules/common.smk"),
    *("workflow/scripts/make.py", "workflow/scripts/new.py", "workflow/schemas/params.schema.json"),
    *("notebooks/make.ipynb", "notebooks/make.py", "table.svg"),
)
COMMANDS = (
    *(["generate"], ["check"], ["status"], ["status", "--resources"], ["sync"], ["restore"]),
    *(["restore", "--force"], ["restore", "--kept", "data/numbers.txt"], ["restore", "--kept"]),
    *(["export", "-o", "pipeline.sh"], ["compare"], ["params", "left"], ["check", "--cache"]),
    *(["convert", "notebooks"], ["convert", "notebooks", "-o", "workflow/scripts/"]),
    *(["exec", "make"], ["exec", "left"], ["exec", "evil"], ["exec", "evil@x"], ["exec", "join"]),
    *(["init"], ["init", "--from-mlvtools", "--force"], ["profile", "generic", "--system", "sge"]),
    *(["push"], ["pull"], ["pull"], ["restore", "--pull"], ["port"], ["port", "--write"]),
    *(["adopt"], ["adopt", "--write"], ["adopt", "notebooks", "--write"], ["new", "fresh"]),
    *(["new", "data/fresh"], ["split", "notebooks/make.ipynb", "--write"], ["submit"]),
    *(["accept", "make", "left", "--reason", "x"], ["accept", "*", "--reason", "\x1b[31m"]),
    *(["clean"], ["clean", "--yes"], ["clean", "--yes", "--keep-revs", "0"], ["debug", "left"]),
    *(["diff", "HEAD"], ["why", "join"], ["graph", "--svg", "graph.svg"], ["logs", "make"]),
    *(["report"], ["show", "make"], ["show", "make", "--html", "make.html"]),
)
RUNS = (["run", "-j", "1"], ["run", "-j", "1", "--no-restore"], ["run", "join", "-j", "1"])


def make(source: Project, root: Path, seed: int) -> tuple[Project, list[str], list[list[str]]]:
    """A hostile copy of ``source``, what is hostile in it, and the commands to call there."""
    dice = random.Random(seed)
    project = source.copy_to(root)
    out(project).mkdir()
    for name in ("victim", "m.json", "post-checkout"):
        (out(project) / name).write_text("precious\n")
    (out(project) / "folder").mkdir()
    (out(project) / "folder/inside").write_text("precious\n")
    done = [changed(project, dice) for _ in range(dice.randint(1, 4))]
    if dice.random() < 0.1:
        done.append(put_pipe(project, dice))  # at last: a change that reads it would wait
    commands = [dice.choice(COMMANDS) for _ in range(3)]
    if dice.random() < 0.04:
        commands.append(dice.choice(RUNS))
    return project, done, commands


def changed(project: Project, dice: random.Random) -> str:
    """Make one change, unless an earlier one is in its way; what it is."""
    change = dice.choice(CHANGES)
    try:
        return change(project, dice)
    except (OSError, ValueError, AssertionError) as error:
        return f"{change.__name__}: {error}"


def out(project: Project) -> Path:
    """The folder beside the project that is not the project's."""
    return project.root.with_name(f"{project.root.name}.outside")


def bad_path(project: Project, dice: random.Random) -> str:
    """A path at which no step may write."""
    beside = out(project)
    return dice.choice(
        [
            *(f"../{beside.name}/victim", f"../{beside.name}/new", f"../{beside.name}/folder"),
            *(f"{beside}/victim", f"{beside}/new/file", f"data/../../{beside.name}/victim"),
            *(f"./../{beside.name}/m.json", f"data/./../../{beside.name}/new/", "..", ".", "/"),
            *(".git/hooks/post-checkout", ".git/config", ".GIT/hooks/post-commit", ".git"),
            *("data/.git/hooks/x", ".Git./config", ".g\u200cit/config", "sub/.GIT/hooks/x"),
            *(".dvc/config.local", ".DVC/config", ".dvc/tmp/lock", ".nbsnake/plan.json"),
            *(".snakemake/metadata/x", "workflow/Snakefile", "Workflow/rules/common.smk"),
            *("params.yaml", "PARAMS.yaml", "dvc.lock", "x.dvc", "nbsnake.yaml", ".gitignore"),
            *("data/.gitattributes", "link/x", "link/folder", "~/x", "$HOME/x", "data/\0x"),
            *("file:///etc/x", "data//../..//x", "\\..\\x", "data/" + "x" * 300),
        ]
    )


def link_target(project: Project, dice: random.Random, *, folder: bool) -> str:
    beside = out(project)
    inside = ["data", "notebooks", ".git", ".git/hooks", ".", "workflow", "absent"]
    kind = ["folder", "new", "."] if folder else ["victim", "new", "m.json"]
    name = dice.choice(kind)
    found = [f"{beside}/{name}", os.path.relpath(beside / name, project.root)]
    if dice.random() < 0.2:
        found = [str(project.root / dice.choice(inside))]
    return dice.choice(found)


def put_link(project: Project, dice: random.Random) -> str:
    """A link in place of a folder or file that the tools write or read."""
    is_folder = dice.random() < 0.5
    there = [""] if dice.random() < 0.5 else existing(project, folders=is_folder)
    place = dice.choice(there) or dice.choice(FOLDERS if is_folder else FILES)
    target = link_target(project, dice, folder=is_folder)
    path = project.root / place
    if not target.startswith("/"):
        up = "../" * (len(Path(place).parts) - 1)
        target = f"{up}{target}"
    remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return f"link {place} -> {target}"


def existing(project: Project, *, folders: bool) -> list[str]:
    """Everything in the project that is a folder, or that is none, but for git's."""
    found = [each.relative_to(project.root) for each in project.root.rglob("*")]
    wanted = [path for path in found if (project.root / path).is_dir() == folders]
    return sorted(str(path) for path in wanted if path.parts[0] != ".git")


def put_pipe(project: Project, dice: random.Random) -> str:
    """A pipe in place of a file, to which nobody writes."""
    place = dice.choice([*FILES, *existing(project, folders=False)])
    remove(project.root / place)
    (project.root / place).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(project.root / place)
    return f"pipe {place}"


def remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def keep_object(project: Project, data: bytes, suffix: str = "") -> str:
    """Put an object into both caches; its md5."""
    md5 = hashlib.md5(data).hexdigest() + suffix
    for cache in (".dvc/cache", ".nbsnake/cache"):
        path = project.root / cache / "files/md5" / md5[:2] / md5[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(data)
            path.chmod(0o444)
    return md5


def content(project: Project, dice: random.Random) -> dict[str, object]:
    """The content of an output that the cache has: a file, or a folder with hostile paths."""
    md5 = keep_object(project, b"evil\n")
    if dice.random() < 0.5:
        return {"hash": "md5", "md5": md5, "size": 5, "isexec": dice.random() < 0.5}
    paths = [bad_path(project, dice) for _ in range(dice.randint(1, 3))]
    listing = [{"md5": md5, "relpath": dice.choice(["../" * 3 + p, p])} for p in paths]
    folder = keep_object(project, json.dumps(listing).encode(), ".dir")
    return {"hash": "md5", "md5": folder, "size": 5, "nfiles": len(paths)}


def add_stage(project: Project, dice: random.Random) -> str:
    """A hand-written stage with a hostile output, of which dvc.lock and the cache have a result."""
    path = bad_path(project, dice) if dice.random() < 0.7 else "evil-out"
    made = content(project, dice)
    flags: dict[str, object] = {"cache": dice.random() < 0.5}
    if dice.random() < 0.3:
        flags["persist"] = dice.random() < 0.5
    stage: dict[str, object] = {"cmd": "true", "deps": ["data/raw.txt"], "outs": [{path: flags}]}
    if dice.random() < 0.2:
        stage["wdir"] = dice.choice(["..", "sub", ".git", "/"])
    if dice.random() < 0.2:
        stage = {"foreach": {"x": path, path: "y"}, "do": {**stage, "outs": ["d/${item}"]}}
    raw = (project.root / "data/raw.txt").read_bytes()
    dep = {"path": "data/raw.txt", "hash": "md5", "md5": hashlib.md5(raw).hexdigest()}
    entry = {"cmd": "true", "deps": [{**dep, "size": len(raw)}], "outs": [{"path": path, **made}]}
    if dice.random() < 0.2:
        (project.root / "link").symlink_to(out(project))
    add_to_yaml(project, "dvc.yaml", "evil", stage)
    add_to_yaml(project, "dvc.lock", "evil", entry)
    return f"stage {stage}, locked as {entry}"


def add_to_yaml(project: Project, file: str, name: str, value: object) -> None:
    """Add an entry below ``stages``, written as JSON, which is YAML."""
    text = project.read(file)
    project.write(file, text.rstrip("\n") + f"\n  {name}: {json.dumps(value)}\n")


def tamper_with_state(project: Project, dice: random.Random) -> str:
    """Hostile paths and other texts in nbsnake's own files."""
    found = sorted((project.root / ".nbsnake").rglob("*.json"))
    assert found, "no state"
    file = dice.choice(found)
    fields = json.loads(file.read_text())
    for _ in range(dice.randint(1, 3)):
        replace_text(fields, bad_path(project, dice), dice)
    file.write_text(json.dumps(fields))
    return f"{file.name}: {json.dumps(fields)[:2000]}"


def replace_text(fields: object, text: str, dice: random.Random) -> None:
    """Put a text in place of one anywhere in JSON fields."""
    node = fields
    while isinstance(node, dict | list) and node:
        key = dice.choice([*node]) if isinstance(node, dict) else dice.randrange(len(node))
        inner = node[key]  # type: ignore[index]
        if not isinstance(inner, dict | list) or not inner:
            node[key] = text  # type: ignore[index]
            return
        node = inner


def tamper_with_plan(project: Project, dice: random.Random) -> str:
    """A plan that points elsewhere."""
    file = project.root / ".nbsnake/plan.json"
    fields = json.loads(file.read_text())
    plan, path = fields["plan"], bad_path(project, dice)
    step = dice.choice(plan["steps"])
    beside = f"../{out(project).name}"
    change = dice.choice(["out", "cache", "state", "name", "wdir", "deps", "lists", "tracked"])
    match change:
        case "out":
            step["outs"] = [{"path": path, "cache": True, "persist": dice.random() < 0.5}]
        case "cache":
            plan["cache"]["folder"] = dice.choice([beside, str(out(project)), ".git", "link"])
        case "state":
            plan["state"] = dice.choice([beside, str(out(project)), "st"])
        case "name":
            step["name"] = path
        case "wdir":
            step["wdir"] = path
        case "deps":
            step["deps"] = [path]
        case "lists":
            step["lists"] = {path: [path]}
        case "tracked":
            plan["tracked"] = [[path, path, "0" * 32]]
    file.write_text(json.dumps(fields))
    return f"plan: {change} {path}"


def add_remote(project: Project, dice: random.Random) -> str:
    """A remote in the project with objects that are not what they are called, and what is tracked.

    Its path is so deep that names which lead out of the cache stay inside here.
    """
    store = project.root / "one/two/three/four/store"
    project.write(".dvc/config", f"[core]\n    remote = r\n['remote \"r\"']\n    url = {store}\n")
    project.git("add", "--force", ".dvc/config")
    path, name, new = bad_path(project, dice), "a/" + "../" * 6 + out(project).name + "/new", b"x"
    md5 = hashlib.md5(new).hexdigest()
    listing = json.dumps([{"md5": dice.choice([md5, name]), "relpath": dice.choice([path, "f"])}])
    folder = hashlib.md5(listing.encode()).hexdigest() + ".dir"
    objects = {md5: dice.choice([new, b"other"]), name: new, folder: listing.encode()}
    for each, data in objects.items():
        file = Path(f"{store}/files/md5/{each[:2]}/{each[2:]}")
        for made in (file.parent, store / "files/md5/a", project.root / ".dvc/cache/files/md5/a"):
            made.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(dice.choice([0o444, 0o644]))
    run = store / "runs" / md5[:2] / (md5 * 2) / (folder[:32] * 2)
    run.parent.mkdir(parents=True, exist_ok=True)
    run.write_text(json.dumps({"cmd": "true", "outs": [{"path": path, "md5": folder}]}))
    tracked = {"path": dice.choice(["tracked", "data", path]), "size": 1, "hash": "md5"}
    tracked["md5"] = dice.choice([md5, name, folder, "F" * 32, 1])
    if dice.random() < 0.3:
        tracked["files"] = [{"relpath": path, "md5": md5, "size": 1}]
    project.write("tracked.dvc", json.dumps({"outs": [tracked]}))
    if dice.random() < 0.5:
        remove(project.root / ".dvc/cache/files")
    return f"remote with {listing}, tracked {tracked}"


def keep_edit(project: Project, dice: random.Random) -> str:
    """A line of what was kept of a hostile path."""
    line = {"path": bad_path(project, dice), "time": 1.0, **content(project, dice)}
    file = project.root / ".nbsnake/kept.jsonl"
    with file.open("a") as lines:
        lines.write(f"{json.dumps(line)}\n")
    return f"kept {line}"


def write_notebook(project: Project, dice: random.Random) -> str:
    """A notebook that declares a hostile path, or has a hostile name."""
    path, key = bad_path(project, dice), dice.choice(["dvc-out", "dvc-metric", "dvc-in"])
    head = f'"""Evil.\n\n:param x: path\n:{key} x: {path}\n"""\nx = "y"\n'
    names = ["evil", "..", "a\nb", "coding=x", "-o", "$(touch x)", "é\u202e"]
    name = dice.choice(names)
    project.write(f"notebooks/{name}.ipynb", notebook_text(["# Evil", head, "pass"]))
    return f"notebook {name!r} with {key} {path!r}"


def write_settings(project: Project, dice: random.Random) -> str:
    """Settings that name hostile paths."""
    path = bad_path(project, dice)
    texts = {
        "nbsnake.yaml": json.dumps(
            dice.choice([{"overlays": {"client": path}}, {"docstring_conf": path}])
        ),
        ".mlvtools": json.dumps({"path": {"python_script_root_dir": path}, "top_directory": path}),
        ".dvc/config": f"[core]\n    autostage = {dice.choice(['true', 'false'])}\n[cache]\n"
        f"    type = {dice.choice(['symlink', 'hardlink', 'copy'])}\n    shared = group\n",
        "params.yaml": f"left: {{factor: {json.dumps(path)}}}\n",
        "x.dvc": f"outs:\n- path: {json.dumps(path)}\n  md5: {'0' * 32}\n  size: 1\n",
        "data/raw.txt.dvc": f"wdir: {dice.choice(['..', '../..', '.'])}\nouts:\n- path: raw.txt\n"
        f"  md5: {'0' * 32}\n  size: 1\n",
        ".git/info/exclude": "*\n",
    }
    file = dice.choice([*texts])
    project.write(file, texts[file])
    return f"{file}: {texts[file]!r}"


def stale(project: Project, dice: random.Random) -> str:
    """Something to do for the commands: results that are gone, other inputs, other times."""
    change = dice.choice(["raw", "gone", "future", "factor", "unlock", "edit"])
    match change:
        case "raw":
            project.write("data/raw.txt", "4 5\n")
        case "gone":
            remove(project.root / dice.choice(["data/numbers.txt", "data/parts", "joined.txt"]))
        case "future":
            os.utime(project.root / "data/raw.txt", (4e9, 4e9))
        case "factor":
            project.replace("params.yaml", "factor: 3", "factor: 4")
        case "unlock":
            remove(project.root / "dvc.lock")
        case "edit":
            project.write("data/numbers.txt", "by hand\n")
    return change


def track_state(project: Project, _: random.Random) -> str:
    """nbsnake's own state as a part of the repository."""
    project.git("add", "--force", ".nbsnake") if (project.root / ".nbsnake").is_dir() else None
    return "tracked state"


CHANGES: list[Change] = [
    *[put_link] * 8,
    *[add_stage] * 4,
    *[tamper_with_plan] * 3,
    *[tamper_with_state] * 2,
    *[stale] * 6,
    *[add_remote] * 3,
    keep_edit,
    write_notebook,
    write_settings,
    write_settings,
    track_state,
]
