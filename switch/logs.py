"""Structured logs: key=value events to standard error, JSON when it is no terminal."""

import contextlib
import logging
import sys
from typing import TextIO, cast

import structlog


class Unfailing:
    """Where log lines go: one that cannot be written is lost, and nobody's work ends for it.

    Whoever read standard error may be gone, or its disk full; money goes on being posted.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write what can be written."""
        with contextlib.suppress(OSError, ValueError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what can be handed on."""
        with contextlib.suppress(OSError, ValueError):
            self._file.flush()


def configure(level: str) -> None:
    """Set the process's log level and shape, once. Raises: KeyError for an unknown level."""
    number = logging.getLevelNamesMapping()[level.upper()]
    people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", Unfailing(sys.stderr))),
        cache_logger_on_first_use=True,
    )
