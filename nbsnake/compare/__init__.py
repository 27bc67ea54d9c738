"""Rows of parameters and metrics over variants and revisions, ranked and drawn.

Imports: errors, escape, guess, names, tables.
"""
