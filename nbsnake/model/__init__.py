"""Frozen values and the laws they keep: types, parameters, steps, variants, the pipeline.

Pure: nothing here reads or writes a file.

Imports: errors, guess, names.
"""
