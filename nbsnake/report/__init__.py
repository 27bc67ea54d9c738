"""How a project is shown: the state of each step in columns, and the graph of steps.

Imports: escape, job, model, results, styles.
"""
