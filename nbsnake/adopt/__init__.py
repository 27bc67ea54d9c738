"""From notebooks without docstrings to steps: what they read and write, and the cell that says so.

Reading executes nothing; :mod:`nbsnake.adopt.folder` is the way in.

Imports: errors, ipython, model, names, notebook.
"""
