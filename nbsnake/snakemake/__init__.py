"""All that knows Snakemake: what the Snakefile asks, how it is called, its progress.

No other room imports Snakemake.

Imports: bars, cluster, dvc, errors, escape, generate, job, merging, model, names, places, programs,
remote, render, results, settings.
"""
