"""The files that the package carries, for projects to begin with."""

import os

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SNAKEFILE = "Snakefile.template"


def resource(name: str) -> str:
    """The text of a file that the package carries; in a checkout, some lie at its top."""
    carried = os.path.join(PACKAGE, "resources", name)
    path = carried if os.path.isfile(carried) else os.path.join(os.path.dirname(PACKAGE), name)
    with open(path, encoding="utf-8") as file:
        return file.read()


def snakefile() -> str:
    """The Snakefile of a project of which the user has not edited it."""
    return resource(SNAKEFILE)


def default_profile() -> str:
    """The profile that every ``snakemake`` run here finds by itself."""
    return resource("profile.yaml")
