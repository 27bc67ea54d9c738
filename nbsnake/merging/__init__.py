"""What merges of git make of dvc.lock and of generated files: the guard, the merge drivers.

Imports: dvc, errors, job, names, programs.
"""
