"""All that knows DVC: the plan, dvc.lock, its locks, its state database, its own API.

No other room imports DVC.

Imports: compare, errors, job, model, names, places, plain_yaml, programs, render,
settings, yaml_limits.
"""
