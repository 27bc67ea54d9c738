"""Readers of the project's own files: nbsnake.yaml, params.yaml, overlays and the schema.

Imports: errors, guess, job, model, names, notebook, places, plain_yaml,
yaml_limits.
"""
