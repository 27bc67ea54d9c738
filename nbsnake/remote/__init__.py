"""Jobs on machines without the project's file system: what they get, and what comes back.

Imports: dvc, errors, job, names, places, programs, yaml_limits.
"""
