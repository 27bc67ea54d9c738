"""A long notebook as several: which names flow between its parts, and the files that carry them.

Reading executes nothing; :mod:`nbsnake.split.split` is the way in. Where the user asked for it,
``prove`` runs notebooks.

Imports: adopt, errors, follow, ipython, job, model, notebook, programs.
"""
