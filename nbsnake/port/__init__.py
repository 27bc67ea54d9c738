"""From an edited script back to its notebook: the cells that changed, merged three ways.

:mod:`nbsnake.port.notebooks` is the way in; the rest is pure.

Imports: errors, generate, ipython, job, model, notebook, programs, python.
"""
