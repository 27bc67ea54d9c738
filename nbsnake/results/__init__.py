"""Results and the truth about them: fresh or stale, locked in dvc.lock, restored from the cache.

Imports: dvc, errors, job, merging, names, programs, python.
"""
