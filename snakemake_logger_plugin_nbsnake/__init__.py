"""Snakemake's ``--logger nbsnake``: the progress display of ``nbsnake run``.

The name of this package is how Snakemake finds it. Snakemake imports every logger that is
installed, so the display itself is imported only when it is used.
"""

from logging import LogRecord

from snakemake_interface_logger_plugins.base import LogHandlerBase


class LogHandler(LogHandlerBase):
    """Hands Snakemake's log records to the display."""

    def __post_init__(self) -> None:
        from nbsnake.snakemake.progress import Display

        self._display = Display()

    def emit(self, record: LogRecord) -> None:
        self._display.show(record)

    def close(self) -> None:
        self._display.close()
        super().close()

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False
