"""Readers of the project's own files: nbsnake.yaml, params.yaml, overlays and the schema.

Imports: errors, model, names, notebook, places.
"""
