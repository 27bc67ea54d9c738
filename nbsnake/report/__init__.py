"""How a project is shown: the state of each step, as lines and as columns of a terminal.

Imports: escape, job, results, styles.
"""
