"""Taking over a project of MLV-tools: what it generated, and what of that is a person's.

Imports: errors, job, model, names, notebook, settings.
"""
