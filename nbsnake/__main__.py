"""The entry point. ``exec`` wraps every job, so it starts without the rest of the command line."""

import gc
import os
import sys

from nbsnake.programs import import_nothing_from_here

REMOTE = "NBSNAKE_REMOTE"
MANY = 100_000  # objects after which Python searches for circles: short commands make few of them


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    Without words, it is the command of this process, and the last thing that it does.
    """
    if argv is not None:
        return _run(argv)
    words = sys.argv[1:]
    if words[:1] == ["exec"] and not os.environ.get(REMOTE):
        _be_job(words)
    gc.set_threshold(MANY)
    try:
        return _run(words)
    finally:
        # Else Python searches all that was imported for circles of objects, to free them before
        # the process ends: a fifth of the time of a short command.
        gc.freeze()


def _be_job(words: list[str]) -> None:
    """Do a job in this process, and end it.

    A job leaves no circles of objects to search for, and the process need not take itself apart
    in the end: both take longer than what is done for a short command.
    """
    gc.disable()
    code = _run(words)
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it was closed
        stream.flush()
    os._exit(code)


def _run(words: list[str]) -> int:
    if words[:1] != ["exec"]:
        import_nothing_from_here()
        from nbsnake.cli import main as cli_main  # a job does not load the command line

        return cli_main(words)
    if os.environ.get(REMOTE):
        from nbsnake.remote.exec import main as remote_main  # only where jobs run elsewhere

        return remote_main(words[1:])
    from nbsnake.job.exec import main as exec_main  # the command line does not load it

    return exec_main(words[1:])


if __name__ == "__main__":
    sys.exit(main())
