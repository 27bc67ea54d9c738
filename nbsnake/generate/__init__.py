"""From the notebooks to the generated files: what to write, what differs, what is unchanged.

Imports: compile, errors, job, model, names, notebook, places, plain_yaml, python,
render, settings.
"""
