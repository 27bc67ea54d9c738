"""Rows of parameters and metrics over variants and revisions, ranked and drawn."""
