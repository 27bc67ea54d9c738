"""What only IPython understands in a notebook, written as plain Python, or refused.

:mod:`nbsnake.ipython.translation` is the way in; the table of magics is data.

Imports: errors, guess, model, python.
"""
