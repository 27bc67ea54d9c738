"""Calls of ``Repo.reproduce`` as a user of nbsnake makes them, with Snakemake."""

import os
from typing import Any, NamedTuple

import pytest
from dvc.exceptions import DvcException
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.stage import PipelineStage

SNAKEMAKE = ("snakemake", "--cores", "2")
# What the options of `dvc repro` are for Snakemake; any other one skips the test.
WORDS = {"force": "--forceall", "dry": "--dry-run", "on_error": "--keep-going"}
WITHOUT_WORDS = {"all_pipelines", "pipeline", "pull", "run_cache"}
DEFAULTS = {"on_error": "fail", "run_cache": True}


class Call(NamedTuple):
    """The command, and the options of ``Repo.reproduce`` that are not as usual."""

    command: list[str]
    options: dict[str, Any]

    @property
    def commands(self) -> list[list[str]]:
        """All that a user calls."""
        return [*([["nbsnake", "pull"]] if "pull" in self.options else []), self.command]

    @property
    def variables(self) -> dict[str, str]:
        """What the command gets in its environment."""
        return {"NBSNAKE_RESTORE": "0"} if "run_cache" in self.options else {}


def call_of(repo: Any, targets: Any, options: dict[str, Any]) -> Call:
    """The call, made in the root; skips the test where a run by Snakemake has no such option."""
    given = {
        name: value
        for name, value in options.items()
        if value is not None and value != DEFAULTS.get(name, False)
    }
    for name, value in given.items():
        if name not in {*WORDS, *WITHOUT_WORDS} or value == "ignore":
            pytest.skip(f"option {name}")
    if not is_in_root(repo):
        pytest.skip("called in a subfolder")
    named = [targets] if isinstance(targets, str) else list(map(str, targets or []))
    names = _names(repo, named, given)
    words = [WORDS[name] for name in given if name in WORDS]
    frozen = {stage.addressing for stage in repo.index.stages if stage.frozen}
    if frozen.intersection(names):  # no rule, but a step
        command = ["nbsnake", "run", "-j", "2", *names, "--", *words]
    else:
        command = [*SNAKEMAKE, *names, *words]
    return Call(command, {"targets": named, **given})


def is_in_root(repo: Any) -> bool:
    """Whether the working directory is the project's root."""
    return os.path.realpath(repo.root_dir) == os.path.realpath(".")


def _names(repo: Any, targets: list[str], options: dict[str, Any]) -> list[str]:
    """The steps for these targets, none for all; a target that DVC does not know, as it is."""
    if not targets or "all_pipelines" in options:
        return []
    try:
        stages = collect_stages(repo, targets)
        if not all(isinstance(each, PipelineStage) for each in stages):
            pytest.skip("a target that is no stage of dvc.yaml")
        if "pipeline" in options:
            stages = plan_repro(get_active_graph(repo.index.graph), stages, pipeline=True)
    except DvcException:
        return targets
    return [each.name for each in stages if isinstance(each, PipelineStage)]
