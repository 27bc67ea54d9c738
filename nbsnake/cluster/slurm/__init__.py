"""Slurm: what a cluster says of itself, the profile for it, and calls of its programs."""
