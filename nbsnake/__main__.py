"""The entry point. ``exec`` wraps every job, so it starts without the rest of the command line."""

import gc
import os
import sys

from nbsnake.programs import import_nothing_from_here


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; without words, those of this process."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] != ["exec"]:
        import_nothing_from_here()
        from nbsnake.cli import main as cli_main  # a job does not load the command line

        return cli_main(words)
    if os.environ.get("NBSNAKE_REMOTE"):
        from nbsnake.remote.exec import main as remote_main  # only where jobs run elsewhere

        return remote_main(words[1:])
    return _exec(words[1:]) if argv else _be_job(words[1:])


def _be_job(words: list[str]) -> int:
    """Do a job in this process, and end it.

    A job leaves no circles of objects to search for, and the process need not take itself apart
    in the end: both take longer than what is done for a short command.
    """
    gc.disable()
    code = _exec(words)
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it was closed
        stream.flush()
    os._exit(code)


def _exec(words: list[str]) -> int:
    from nbsnake.job.exec import main as exec_main  # the command line does not load it

    return exec_main(words)


if __name__ == "__main__":
    sys.exit(main())
