"""A step written in other languages: a Python script, a Snakemake rule, a DVC stage.

Each is a pure function from values to text, and each language has one place that quotes.

Imports: errors, escape, ipython, job, model, names, notebook, places, plain_yaml, python,
yaml_limits.
"""
