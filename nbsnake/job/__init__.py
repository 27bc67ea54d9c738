"""What runs inside jobs: the command, its receipt, digests, and the DVC cache.

The standard library only: the environment or container of a step may have nothing else. Starts in
milliseconds, so a module imports what it needs and no more.

Imports: escape, names, programs.
"""
