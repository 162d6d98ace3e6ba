"""Structured logs: one JSON object per line, on standard error."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without_rich() -> Iterator[None]:
    """Keep structlog from importing rich, which a server never uses: it costs 0.2 s of CPU at each start."""
    known = {
        name: module for name, module in sys.modules.items() if name == "rich" or name.startswith("rich.")
    }
    if known:
        yield
        return
    sys.modules["rich"] = None  # type: ignore[assignment] # Python's way to make an import fail
    try:
        yield
    finally:
        del sys.modules["rich"]


with _without_rich():
    import structlog

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class JsonLines(logging.Formatter):
    """Formats what libraries log as JSON lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        line = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(level: str, **bound: str) -> None:
    """Set up logging for the process; `bound` is in every line that structlog writes."""
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
    # The pool warns at each failed try; store/health.py reports the outage once.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
