"""Measure a sweep of 500 variants against the same sweep as a rule that a person writes.

Part of ``make bench-more``. The rival's Snakefile has one rule with a wildcard and knows nothing of
digests, receipts or DVC. Every figure is a median of rounds that all rivals take in turn.
"""

import argparse
import json
import os
import platform
import shutil
import tempfile
from pathlib import Path

from bench import call, measure, report

CELL = '''\
"""A point of the sweep.

:foreach rate: sweep.rates
:param float rate: what is tried
:param int depth: what is not
:param source: the data
:param score: the result
:dvc-in source: data/raw.txt
:dvc-metric score: results/{rate}.json
"""
rate = 0.1
depth = 3
source = "../data/raw.txt"
score = "../results/0.1.json"
'''
CODE = (
    'import json\n\nwith open(score, "w") as file:\n    json.dump({"score": rate * depth}, file)\n'
)
BY_HAND = """\
configfile: "params.yaml"


rule all:
    input:
        expand("results/{rate}.json", rate=config["sweep"]["rates"]),


rule train:
    input:
        script="workflow/scripts/train.py",
        source="data/raw.txt",
    output:
        score="results/{rate}.json",
    log:
        "logs/{rate}.log",
    params:
        depth=lambda wildcards: config["train"]["depth"],
    shell:
        "python {input.script:q} --source={input.source:q} --score={output.score:q}"
        " --rate={wildcards.rate} --depth={params.depth} > {log:q} 2>&1"
"""


def main() -> None:
    """Run all measurements and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--variants", type=int, default=500)
    args = parser.parse_args()
    print(f"\n{platform.python_implementation()} {platform.python_version()},", end=" ")
    print(f"{os.cpu_count()} cores, {args.variants} variants, medians of {args.rounds} rounds\n")
    print("| what | nbsnake | rival | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder, "ours"), Path(folder, "theirs")
        make_project(ours, args.variants)
        shutil.copytree(ours, theirs)
        (theirs / "workflow/Snakefile").write_text(BY_HAND)
        bench(ours, theirs, args.rounds)


def bench(ours: Path, theirs: Path, rounds: int) -> None:
    """Each row is one thing that a person does, in the order in which it is done."""

    def snakemake(root: Path, *options: str) -> None:
        call(root, "snakemake", "--cores", "2", "--quiet", *options)

    first = {
        "`nbsnake generate`, from nothing": lambda: call(ours, "nbsnake", "generate"),
        "dry run by hand": lambda: snakemake(theirs, "--dry-run"),
    }
    report("generating (wall)", measure(first, rounds, lambda: forget_generated(ours)))
    call(ours, "nbsnake", "generate")
    dry = {
        "dry run": lambda: snakemake(ours, "--dry-run"),
        "dry run by hand": lambda: snakemake(theirs, "--dry-run"),
    }
    new = measure(dry, rounds, lambda: (ours / ".nbsnake/plan.json").unlink(missing_ok=True))
    report("dry run, params.yaml or dvc.yaml changed (wall)", new)
    report("dry run (wall)", measure(dry, rounds))
    whole = {
        "the sweep, digests and cache included": lambda: snakemake(ours),
        "by hand": lambda: snakemake(theirs),
    }
    report("the sweep itself (wall)", measure(whole, 1))
    snakemake(ours)
    again = {"no-op run": lambda: snakemake(ours), "by hand": lambda: snakemake(theirs)}
    report("no-op run (wall)", measure(again, rounds))


def make_project(root: Path, variants: int) -> None:
    (root / "notebooks").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "data/raw.txt").write_text("raw\n")
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "source": source}
        for i, source in enumerate([CELL, CODE])
    ]
    metadata = {"kernelspec": {"name": "python3", "language": "python"}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    (root / "notebooks/train.ipynb").write_text(json.dumps(notebook))
    rates = [round(0.001 * number, 3) for number in range(1, variants + 1)]
    (root / "params.yaml").write_text(f"sweep:\n  rates: {json.dumps(rates)}\n")
    call(root, "nbsnake", "init")
    call(root, "nbsnake", "generate")


def forget_generated(root: Path) -> None:
    shutil.rmtree(root / ".nbsnake", ignore_errors=True)
    for folder in ("scripts", "rules", "schemas"):
        shutil.rmtree(root / "workflow" / folder, ignore_errors=True)
    (root / "dvc.yaml").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
