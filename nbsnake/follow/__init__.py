"""What the code of a notebook reads, writes and assigns, found without executing it.

:mod:`nbsnake.follow.follow` is the way in: values are followed through assignments to the calls
that take them.

Imports: errors, ipython, job, model, notebook, settings.
"""
