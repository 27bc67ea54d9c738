"""The entry point. ``exec`` wraps every job, so it starts without the rest of the command line."""

import os
import sys

from nbsnake.programs import import_nothing_from_here


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["exec"]:
        if os.environ.get("NBSNAKE_REMOTE"):
            from nbsnake.remote.exec import main as remote_main  # only where jobs run elsewhere

            return remote_main(words[1:])
        from nbsnake.job.exec import main as exec_main  # a job does not load the command line

        return exec_main(words[1:])
    import_nothing_from_here()
    from nbsnake.cli import main as cli_main  # nor the command line what only jobs need

    return cli_main(words)


if __name__ == "__main__":
    sys.exit(main())
