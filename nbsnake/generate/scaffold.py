"""The files that every project has before its first notebook is read."""

import os
from collections.abc import Iterable, Iterator

from nbsnake.generate.files import GeneratedFile
from nbsnake.generate.resources import SNAKEFILE, resource
from nbsnake.job.regular import read_regular

GIT_IGNORED = ("/.nbsnake/", "/.snakemake/", "/logs/")
DVC_IGNORED = ("/.nbsnake/", "/.snakemake/", ".snakemake_timestamp")
SHARED_RULES = ("workflow/rules/common.smk", "workflow/rules/sync.smk")
ONCE = {
    "workflow/Snakefile": SNAKEFILE,
    "workflow/profiles/default/profile.yaml": "profile.yaml",
    "workflow/envs/steps.yaml": "steps.yaml",
}


def scaffold_files() -> Iterator[GeneratedFile]:
    """What is the same in every project, and the lines that git and DVC are to ignore."""
    for path, name in ONCE.items():
        yield GeneratedFile(path=path, text=resource(name), once=True)
    for path in SHARED_RULES:
        yield GeneratedFile(path=path, text=resource(path.removeprefix("workflow/")))
    yield GeneratedFile(path=".gitignore", text=_with_lines(".gitignore", GIT_IGNORED))
    yield GeneratedFile(path=".dvcignore", text=_with_lines(".dvcignore", DVC_IGNORED))


def _with_lines(path: str, lines: Iterable[str]) -> str:
    """The file's text with each of the lines in it, added at the end where it is not."""
    text = read_regular(path).decode(errors="replace") if os.path.exists(path) else ""
    present = text.splitlines()
    missing = [line for line in lines if line not in present]
    if missing and text and not text.endswith("\n"):
        text += "\n"
    return text + "".join(f"{line}\n" for line in missing)
