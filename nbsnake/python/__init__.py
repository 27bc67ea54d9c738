"""Python files of the project: which ones code imports or runs, and which do the same.

Nothing of them is executed.

Imports: errors, job, names, programs.
"""
