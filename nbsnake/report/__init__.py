"""How a project is shown: the state of each step in columns, the graph of steps, the report page.

Imports: compare, dvc, escape, job, model, names, programs, python, results, styles, tables,
yaml_limits.
"""
