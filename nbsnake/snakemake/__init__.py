"""All that knows Snakemake: what the Snakefile asks, how it is called, its progress.

No other room imports Snakemake.

Imports: cluster, dvc, errors, generate, job, merging, model, names, places, render, results,
settings.
"""
