"""What generated Snakefiles import: it stays here for those of earlier versions."""

from nbsnake.snakemake.session import open_session

__all__ = ["open_session"]
