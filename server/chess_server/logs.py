"""Structured logs: one JSON object a line, on standard error."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without_rich() -> Iterator[None]:
    """Structlog imports rich for a console that a server does not have: a fifth of a second of CPU at each start."""
    known = {
        name: module for name, module in sys.modules.items() if name == "rich" or name.startswith("rich.")
    }
    if known:
        yield
        return
    sys.modules["rich"] = None  # type: ignore[assignment] # how Python is told that an import fails
    try:
        yield
    finally:
        del sys.modules["rich"]


with _without_rich():
    import structlog

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class JsonLines(logging.Formatter):
    """What libraries log, as JSON lines too."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        line = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(level: str, **bound: str) -> None:
    """Set up logging for the process; `bound` is in every line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(**bound)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("psycopg.pool").setLevel(
        logging.ERROR
    )  # health.py says once what the pool says at each try
