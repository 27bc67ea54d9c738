"""Jupyter notebooks in, a parallel Snakemake run, DVC-versioned results out."""

__version__ = "0.2.0"
