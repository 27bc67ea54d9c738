"""Readers of notebooks: cells, the docstring and its keys, parameters, a step as written.

Nothing of a notebook is executed.

Imports: errors, guess, ipython, job, model, names, places, python.
"""
