"""From notebooks without docstrings to steps: what they read and write, and the cell that says so.

Reading executes nothing; :mod:`nbsnake.adopt.folder` is the way in. Where the
user asked for it, ``observe`` and ``prove`` run notebooks.

Imports: errors, follow, generate, ipython, job, model, names, notebook, programs,
python, settings.
"""
