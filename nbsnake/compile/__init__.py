"""From what authors wrote to a proven pipeline: every parameter bound, every file linked.

Imports: errors, model, names, notebook, places, settings.
"""
