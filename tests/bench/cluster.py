"""Measure what a job costs, of a Slurm cluster and by a DVC remote, and what grouping saves.

Part of ``make bench-more``; where no Slurm can be started it says so and measures nothing. The
cluster is a real one of two nodes on this machine. Times of jobs are Slurm's own, in whole seconds.
"""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
from slurm_cluster import Cluster, why_not

GOAL = 5  # percent of a job's own Snakemake overhead
SLURM = ("slurm", "--poll", "1")
GENERIC = ("generic", "--system", "slurm")
CELL = '''\
"""A short step.

:foreach part: {parts}
:param str part: which
:param result: where it goes
:dvc-out result: data/{{part}}.txt
:resources: runtime=1
{more}"""
part = "p1"
result = "../data/p1.txt"
'''
CODE = """\
import os
import time

began = time.time()
with open(result, "w") as file:
    file.write(part)
with open(os.environ["TIMES"], "a") as times:
    times.write(f"{part} step {time.time() - began}\\n")
"""
# Jobs of this machine that see only the DVC remote, a folder.
HERE = """\
submit:
  - sh
  - -c
  - '{python} -c "$0" </dev/null >"$1.log" 2>&1 & echo $!'
  - "{{start}}"
  - "{logs}/{{name}}"
status: [sh, -c, 'kill -0 $0 && echo running || echo failed', "{{job}}"]
cancel: [kill, "{{job}}"]
poll: 1
"""
# Stands before nbsnake on the PATH, and notes how long a call of exec takes.
TIMED = """\
#!/bin/bash
[ "$1" = exec ] || exec {nbsnake} "$@"
began=$(date +%s.%N)
{nbsnake} "$@"
code=$?
echo "$2 exec $began $(date +%s.%N)" >> "$TIMES"
exit $code
"""


def main() -> None:
    """Run all measurements and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=8, help="of which the share is measured")
    parser.add_argument("--steps", type=int, default=40, help="short steps, grouped and not")
    args = parser.parse_args()
    reason = why_not()
    if not reason and importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        reason = "the extra is not installed: pip install 'nbsnake[slurm]'"
    if reason:
        print(f"\ncluster: not measured, {reason}")
        return
    folder = Path(tempfile.mkdtemp(prefix="nbsnake-"))
    cluster = Cluster(folder / "slurm", cpus=4)
    try:
        cluster.start()
        print(f"\n{platform.python_implementation()} {platform.python_version()},", end=" ")
        print(f"{os.cpu_count()} cores, Slurm on 2 nodes of 4 CPUs\n")
        print("| what | | | ratio | goal |\n|---|---|---|---|---|")
        share(cluster, folder, args.jobs)
        ways(cluster, folder, args.jobs)
        grouping(cluster, folder, args.steps)
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def share(cluster: Cluster, folder: Path, jobs: int) -> None:
    """How much of a job, the step itself left out, exec takes, and how much Snakemake."""
    root, env = make_project(cluster, folder / "share", jobs, "")
    run(root, env, *SLURM)
    times = [line.split() for line in Path(env["TIMES"]).read_text().splitlines()]
    steps = [float(line[2]) for line in times if line[1] == "step"]
    execs = [float(line[3]) - float(line[2]) for line in times if line[1] == "exec"]
    walls = [seconds for seconds in job_seconds(cluster) if seconds > 0]
    ours = statistics.mean(execs) - statistics.mean(steps)
    theirs = statistics.mean(walls) - statistics.mean(execs)
    print(
        f"| a job of a short step, mean of {jobs} | `nbsnake exec`, Python's start and receipt "
        f"included: {ours:.2f} s | Snakemake in the job: {theirs:.2f} s "
        f"| {100 * ours / theirs:.1f} % | {GOAL} % |"
    )


def ways(cluster: Cluster, folder: Path, jobs: int) -> None:
    """The same short steps on this machine, as jobs of Slurm, and as jobs by a DVC remote."""
    cores, times = ("--cores", str(jobs)), {}
    for name in ("here", "slurm", "remote"):
        root, env = make_project(cluster, folder / f"way-{name}", jobs, "")
        if name == "remote":
            use_remote(root, env)
        began = time.monotonic()
        if name == "here":
            call(root, env, "snakemake", *cores)
        elif name == "slurm":
            run(root, env, *SLURM)
        else:
            call(root, env, "nbsnake", "run", "--remote", "here", "-j", str(jobs))
        times[name] = (time.monotonic() - began) / jobs
    here, slurm, remote = times.values()
    print(
        f"| a short step of {jobs} at once, Snakemake's start included (wall) | as a job by a DVC "
        f"remote (a folder): {remote:.1f} s | as a job of Slurm: {slurm:.1f} s "
        f"| {remote / slurm:.2f}x | |\n"
        f"| the same | as a job by a DVC remote: {remote:.1f} s | without jobs: {here:.1f} s "
        f"| {remote / here:.1f}x | |"
    )


def use_remote(root: Path, env: dict[str, str]) -> None:
    """Give the project a folder as its DVC remote, and the settings of jobs that use it."""
    store = root.with_name(f"{root.name}.store")
    call(root, env, "dvc", "remote", "add", "--default", "store", str(store))
    logs = root.with_name(f"{root.name}.logs")
    logs.mkdir()
    settings = root / "workflow/remote/here.yaml"
    settings.parent.mkdir()
    settings.write_text(HERE.format(python=sys.executable, logs=logs))


def grouping(cluster: Cluster, folder: Path, steps: int) -> None:
    """The same steps, each a job of its own and as one group.

    By the generic executor: the other one starts a Snakemake for each step, also inside a group.
    """
    found = {}
    for name, more in (("apart", ""), ("grouped", ":group: short\n")):
        root, env = make_project(cluster, folder / name, steps, more)
        began = time.monotonic()
        run(root, env, *GENERIC)
        wall = time.monotonic() - began
        found[name] = (wall, len([*(root / "logs/cluster").iterdir()]))
    (apart, many), (grouped, few) = found["apart"], found["grouped"]
    print(
        f"| {steps} short steps (wall) | with `:group:`: {grouped:.0f} s | without: {apart:.0f} s "
        f"| {grouped / apart:.2f}x | |\n"
        f"| {steps} short steps (submissions) | with `:group:`: {few} | without: {many} "
        f"| {few / many:.2f}x | |"
    )


def make_project(
    cluster: Cluster, root: Path, parts: int, more: str
) -> tuple[Path, dict[str, str]]:
    """A project of one notebook with many variants, and the environment of its run."""
    bin_folder = root.with_name(f"{root.name}.bin")
    bin_folder.mkdir()
    nbsnake = shutil.which("nbsnake") or "nbsnake"
    (bin_folder / "nbsnake").write_text(TIMED.format(nbsnake=nbsnake))
    (bin_folder / "nbsnake").chmod(0o755)
    env = {**os.environ, **cluster.env, "TIMES": f"{root}.times"}
    env["PATH"] = f"{bin_folder}:{os.environ['PATH']}:{cluster.env['PATH']}"
    names = " ".join(f"p{number}" for number in range(1, parts + 1))
    (root / "notebooks").mkdir(parents=True)
    sources = [CELL.format(parts=names, more=more), CODE]
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "source": source}
        for i, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": "python3", "language": "python"}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    (root / "notebooks/short.ipynb").write_text(json.dumps(notebook))
    call(root, env, "nbsnake", "init")
    call(root, env, "nbsnake", "generate")
    return root, env


def run(root: Path, env: dict[str, str], kind: str, *options: str) -> None:
    """Run it all by a profile of some kind."""
    call(root, env, "nbsnake", "profile", kind, *options)
    looks = ["--seconds-between-status-checks", "2"] if kind == "generic" else []
    call(root, env, "snakemake", "--workflow-profile", f"workflow/profiles/{kind}", *looks)


def call(root: Path, env: dict[str, str], *command: str) -> None:
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=900)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def job_seconds(cluster: Cluster) -> list[float]:
    """How long each finished job took."""
    shown = cluster.call("squeue", "-h", "--states=COMPLETED", "-o", "%M").stdout.split()
    return [60.0 * int(minutes) + int(rest) for minutes, rest in (e.split(":") for e in shown)]


if __name__ == "__main__":
    main()
