"""Taking over a project of MLV-tools: what it generated, and which of that was edited by hand.

Imports: errors, job, model, names, notebook, settings.
"""
