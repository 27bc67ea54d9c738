"""From what authors wrote to a proven pipeline: every parameter bound, every file linked.

Imports: errors, guess, model, names, notebook, places, settings.
"""
