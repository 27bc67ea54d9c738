"""Jupyter notebooks in, a parallel Snakemake run, DVC-versioned results out."""

__version__ = "0.2.0"
__all__ = ["Project", "Status", "__version__", "load_project"]


def __getattr__(name: str) -> object:
    """What is imported when it is asked for: jobs and ``--help`` start without it."""
    if name in __all__:
        import importlib  # jobs do not need it

        return getattr(importlib.import_module("nbsnake.project"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: object) -> None:
    """Called by ``%load_ext nbsnake``."""
    from nbsnake.jupyter.magic import register  # needs IPython, which calls this

    register(shell)
