"""Whether an output is a file or a folder is what its step wrote, whatever anyone declared."""

from pathlib import Path

import pytest
from e2e_project import Project
from notebooks_that_count import assert_both_rest, run_both, write_step

pytestmark = [pytest.mark.e2e, pytest.mark.lock]

WRITE = """\
def write(path, kind):
    if kind == "file":
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w") as file:
            file.write("a file\\n")
        return
    os.makedirs(path, exist_ok=True)
    for name in ("a.txt", "b.txt"):
        with open(os.path.join(path, name), "w") as file:
            file.write(f"{kind} {name}\\n")


"""
TRAIN = ":param str kind: what to write\n:param model_dir: the models\n:dvc-out model_dir: {path}\n"
TRAINED = 'kind = "folder"\nmodel_dir = "models/x"\n---\n' + WRITE
READ = """\
:param models: the folder of models
:param names: their names
:dvc-in models: models/final
:dvc-out names: names.txt
"""
READ_CODE = """\
models = "models/final"
names = "names.txt"
---
count("names")
with open(names, "w") as file:
    file.write("\\n".join(sorted(os.listdir(models))))
"""
ONE = """\
:param one: one model
:param copy: its copy
:dvc-in one: models/final/a.txt
:dvc-out copy: copy.txt
"""
ONE_CODE = """\
one = "models/final/a.txt"
copy = "copy.txt"
---
count("one")
with open(one) as read, open(copy, "w") as file:
    file.write(read.read())
"""


def write_train(project: Project, path: str, code: str = "") -> None:
    code = code or 'count("train")\nwrite(model_dir, kind)\n'
    write_step(project, "train", TRAIN.format(path=path), TRAINED + code)


def test_a_folder_without_a_slash_is_as_dvc_has_it(folder: Project, tmp_path: Path) -> None:
    """A folder of models, as MLV-tools' tutorial writes it, read whole and in part."""
    write_train(folder, "models/final")
    write_step(folder, "names", READ, READ_CODE)
    write_step(folder, "one", ONE, ONE_CODE)
    run_both(folder, tmp_path)
    assert folder.read("names.txt") == "a.txt\nb.txt"
    assert folder.read("copy.txt") == "folder a.txt\n"


@pytest.mark.parametrize("start", ["file", "folder"])
def test_a_step_may_change_what_it_writes(folder: Project, tmp_path: Path, start: str) -> None:
    other = {"file": "folder", "folder": "file"}[start]
    write_train(folder, "models/final")
    folder.write("params.yaml", f"train: {{kind: {start}}}\n")
    run_both(folder, tmp_path)
    first = folder.lock()

    folder.replace("params.yaml", start, other)
    theirs = folder.copy_to(tmp_path / "other")
    theirs.dvc("repro", "--quiet")
    folder.snakemake()
    assert folder.computed() == ["train"]
    assert folder.lock() == theirs.lock() != first
    assert (folder.root / "models/final").is_dir() == (other == "folder")
    assert_both_rest(folder)

    folder.replace("params.yaml", other, start)
    folder.snakemake()  # from the cache
    assert folder.computed() == []
    assert folder.lock() == first
    assert_both_rest(folder)


def test_a_file_where_a_slash_promised_a_folder_is_a_file(folder: Project, tmp_path: Path) -> None:
    code = 'count("train")\nos.path.isdir(model_dir) and os.rmdir(model_dir)\n'
    write_train(folder, "models/final/", code + 'write("models/final", "file")\n')
    run_both(folder, tmp_path)
    assert (folder.root / "models/final").is_file()


def test_each_variant_and_use_has_its_own_kind(folder: Project, tmp_path: Path) -> None:
    fields = ":foreach kind: file folder\n" + TRAIN.format(path="models/{kind}")
    write_step(
        folder, "train", fields, TRAINED + 'count(f"train {kind}")\nwrite(model_dir, kind)\n'
    )
    values = "{kind: file, model_dir: models/used}"
    use = f"{{name: used, notebook: notebooks/single.ipynb, values: {values}}}"
    folder.write("nbsnake.yaml", f"uses: [{use}]\n")
    single = TRAINED + 'count(f"single {kind}")\nwrite(model_dir, kind)\n'
    write_step(folder, "single", TRAIN.format(path="models/single"), single)
    run_both(folder, tmp_path)
    kinds = {"file": False, "folder": True, "used": False, "single": True}
    assert {name: (folder.root / "models" / name).is_dir() for name in kinds} == kinds


def test_a_folder_to_which_a_step_adds_needs_no_slash(folder: Project, tmp_path: Path) -> None:
    fields = ":param model_dir: the models\n:dvc-out-persist model_dir: models/final\n"
    code = 'model_dir = "models/final"\n---\n' + WRITE
    write_step(folder, "train", fields, code + 'count("train")\nwrite(model_dir, "folder")\n')
    run_both(folder, tmp_path)


def test_a_folder_in_a_profile_dry_run_and_touch(folder: Project) -> None:
    write_train(folder, "models/final")
    folder.nbsnake("init")
    folder.nbsnake("generate")
    folder.nbsnake("profile", "default", "--force")
    assert "rule train:" in folder.snakemake("--dry-run")
    folder.run("snakemake", "--workflow-profile", "workflow/profiles/default", "--cores", "1")
    assert folder.computed() == ["train"]
    lock = folder.lock()
    folder.run("snakemake", "-tc1")
    assert folder.lock() == lock
    assert_both_rest(folder)


@pytest.mark.parametrize("words", ["-tc2", "-tj2", "--tou --cores 2", "-c2 --touch"])
def test_touch_in_any_spelling_locks_nothing(project: Project, words: str) -> None:
    project.snakemake()
    project.replace("params.yaml", "factor: 3", "factor: 4")
    (project.root / "dvc.lock").unlink()
    project.run("snakemake", *words.split())
    assert not (project.root / "dvc.lock").exists()


@pytest.mark.parametrize("words", ["-tc2 --profile p", "-Sc1 --profile p", "--profile touch"])
def test_from_another_folder_what_runs_no_job_locks_nothing(project: Project, words: str) -> None:
    """Snakemake has left the folder of the profile when it reads the Snakefile."""
    project.snakemake()
    (project.root / "dvc.lock").unlink()
    outside = Project(project.root.parent, project.env)
    outside.write("p/config.yaml", "printshellcmds: true\n")
    outside.write("touch/config.yaml", "touch: true\ncores: 1\n")
    snakefile = f"{project.root.name}/workflow/Snakefile"
    outside.run("snakemake", *words.split(), "-d", project.root.name, "-s", snakefile)
    assert not (project.root / "dvc.lock").exists()
