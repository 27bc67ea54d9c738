"""Examples of each command, for ``--help`` and for the documentation."""

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "init": (
        ("nbsnake init", "set up the folder here"),
        ("nbsnake init --ci github", "also a workflow that checks, runs and reports"),
        ("nbsnake init --vscode", "also tasks and settings of VS Code"),
    ),
    "adopt": (
        ("nbsnake adopt notebooks/*.ipynb", "show the docstrings that they need"),
        ("nbsnake adopt --write", "write them into the notebooks"),
    ),
    "split": (("nbsnake split long.ipynb", "show how its headings would divide it"),),
    "new": (("nbsnake new plot", "a notebook that is a step"),),
    "convert": (("nbsnake convert some.ipynb -o out", "write out/some.py"),),
    "generate": (
        ("nbsnake generate", "write what differs from the notebooks"),
        ("nbsnake generate -n --diff", "only show it"),
    ),
    "port": (
        ("nbsnake port train", "show what the edited script changes in its notebook"),
        ("nbsnake port --write", "after a formatter or a linter changed scripts"),
    ),
    "check": (
        ("nbsnake check", "in CI: fail where files do not match the notebooks"),
        ("nbsnake check --cache", "read the objects of the cache"),
    ),
    "run": (
        ("nbsnake run -j 4", "all steps that are not fresh, on four cores"),
        ("nbsnake run train 'plot*'", "these steps, and those that they need"),
        ("nbsnake run -n", "what would run, why, and how long"),
        ("nbsnake run --remote kube", "as jobs that need only the DVC remote"),
        ("nbsnake run --alone train", "this step only, on its inputs as they are"),
        ("nbsnake run --all-cells -f train", "its notebook with the cells marked '# No effect'"),
    ),
    "submit": (
        ("nbsnake submit", "everything, by workflow/profiles/slurm; then log out"),
        ("nbsnake submit train", "this step, and those that it needs"),
    ),
    "sync": (("nbsnake sync", "after jobs that ended without their run"),),
    "show": (
        ("nbsnake show train", "where the notebook of the last run is"),
        ("nbsnake show train --failed --html train.html", "that of the failed run as a page"),
    ),
    "debug": (("nbsnake debug train@0.1", "a notebook with the values of this variant"),),
    "push": (("nbsnake push", "results of all runs to the DVC remote"),),
    "pull": (("nbsnake pull", "results that anyone pushed"),),
    "accept": (("nbsnake accept train --reason 'made in Jupyter'", "lock what is on disk"),),
    "restore": (
        ("nbsnake restore", "what the cache has"),
        ("nbsnake restore --pull", "in a new clone: sources and results, from the remote"),
        ("nbsnake restore --kept", "what is kept of replaced files"),
    ),
    "export": (("nbsnake export -o pipeline.sh", "one script that only needs Python"),),
    "profile": (
        ("nbsnake profile slurm", "on a login node: from the cluster's settings"),
        ("nbsnake profile generic --system sge", "for another batch system"),
    ),
    "params": (("nbsnake params train", "the values of a step as JSON"),),
    "compare": (
        ("nbsnake compare --metric accuracy --rev main", "here and at a branch, best first"),
        ("nbsnake compare --runs", "all runs on record"),
        ("nbsnake compare --plot sweep.svg --over rate", "a picture"),
    ),
    "status": (
        ("nbsnake status", "the state of each step"),
        ("nbsnake status --stale --exit-code", "in CI: fail where a step is not fresh"),
    ),
    "graph": (
        ("nbsnake graph", "a tree in the terminal"),
        ("nbsnake graph train --mermaid", "what train needs, for a README"),
    ),
    "report": (
        ("nbsnake report --open", "write report.html and show it"),
        ("nbsnake report --rev v1.0 -o v1.html", "the state at a tag"),
        ("nbsnake report --metrics-at v1.0 v2.0 -o two.html", "with the metrics of two tags"),
    ),
    "why": (("nbsnake why evaluate", "the chain of reasons, with lines of code"),),
    "diff": (
        ("nbsnake diff main", "from a branch to what is here"),
        ("nbsnake diff --markdown origin/main", "in CI: the text of a comment"),
        ("nbsnake diff v1.0 v2.0 --cells", "between tags, with the lines of cells"),
    ),
    "logs": (("nbsnake logs -f train", "go on while the job is running"),),
    "clean": (
        ("nbsnake clean", "list what nothing names any more"),
        ("nbsnake clean --yes --keep-revs 5", "remove it, but for what five commits name"),
    ),
}


def examples_text(command: str) -> str:
    """The examples as lines of ``--help``, "" for none."""
    found = EXAMPLES.get(command, ())
    width = max((len(call) for call, _ in found), default=0)
    lines = [f"  {call:{width}}  # {about}" for call, about in found]
    return "\n".join(["examples:", *lines]) if found else ""
