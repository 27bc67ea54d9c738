"""The project's Snakefile: whether it is one that includes the generated rules."""

import os

from nbsnake.job.regular import check_regular, read_regular

# Where Snakemake looks, in this order (``SNAKEFILE_CHOICES`` of snakemake.cli).
PLACES = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
RULES = "workflow/rules"
INCLUDES = """\
    from pathlib import Path
    include: "{rules}/common.smk"
    for path in sorted(Path(workflow.basedir, "{rules}").glob("*.smk")):
        if path.name not in ("common.smk", "sync.smk"):
            include: str(path)
    include: "{rules}/sync.smk"\
"""


def missing_includes() -> str:
    """What to add to the Snakefile so that it has the generated rules; "" where it has them.

    It is the file that Snakemake takes, which may be the user's own. Raises
    :class:`NotRegularError` for one that Snakemake would wait for.
    """
    path = next((each for each in PLACES if os.path.exists(each)), "")
    if path:
        check_regular(path)
    try:
        text = read_regular(path).decode(errors="replace") if path else ""
    except OSError:  # Snakemake says so
        return ""
    if not path or "common.smk" in text:
        return ""
    rules = os.path.relpath(RULES, os.path.dirname(path) or ".")
    return (
        f"{path} is yours and does not include the generated rules, so that Snakemake runs none "
        f"of the steps; add to it:\n{INCLUDES.format(rules=rules)}\n"
        "and let 'rule all' ask for nbsnake.targets()"
    )
