"""Snakemake's ``--logger nbsnake``: the progress display of ``nbsnake run``.

The profile of a project selects it, so that plain ``snakemake`` has it too. Where Snakemake is
asked for more, as by ``--dry-run`` or ``--verbose``, or for something else than to run jobs, as by
``--lint`` or ``--unlock``, its own output stays.

The name of this package is how Snakemake finds it. Snakemake imports every logger that is
installed, so the display itself is imported only when it is used.
"""

from logging import LogRecord

from snakemake_interface_logger_plugins.base import LogHandlerBase

from nbsnake.snakemake.modes import read_mode


class LogHandler(LogHandlerBase):
    """Hands Snakemake's log records to the display."""

    def __post_init__(self) -> None:
        asked = self.common_settings
        more = (asked.dryrun, asked.verbose, asked.printshellcmds, asked.debug_dag, asked.stdout)
        self._display = None
        if not any(more) and read_mode().runs_jobs:
            from nbsnake.snakemake.progress import Display

            self._display = Display(quiet=bool(asked.quiet))

    def emit(self, record: LogRecord) -> None:
        if self._display:
            self._display.show(record)

    def close(self) -> None:
        if self._display:
            self._display.close()
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        return self._display is not None

    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False
