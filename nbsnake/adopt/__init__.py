"""From notebooks without docstrings to steps: what they read and write, and the cell that says so.

Reading executes nothing; :mod:`nbsnake.adopt.folder` is the way in. Where the
user asked for it, ``observe``, ``prove`` and ``prove_split`` run notebooks.

Imports: errors, generate, ipython, job, model, names, notebook, programs, python,
settings.
"""
