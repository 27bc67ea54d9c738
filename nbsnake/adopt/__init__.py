"""From notebooks without docstrings to steps: what they read and write, and the cell that says so.

Reading executes nothing; :mod:`nbsnake.adopt.folder` is the way in. Only
:mod:`nbsnake.adopt.observe` runs notebooks, where the user asked for it.

Imports: errors, generate, ipython, model, names, notebook, programs,
settings.
"""
