"""How a project is shown: the state of each step in columns, the graph of steps, the report page.

Imports: compare, escape, job, model, names, programs, results, styles, tables.
"""
