"""Batch systems: profiles for Snakemake's executors, what steps ask for and what they used.

Imports: errors, guess, job, model, names, programs, tables.
"""
