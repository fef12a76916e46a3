"""Logs: one JSON object a line, on standard error, with nothing secret in it."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

# A number, a token or a code of ours: whatever looks like one is masked before it is written.
SECRET = re.compile(
    r"\b[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]?\b|eyJ[\w-]+\.[\w-]+\.[\w-]*|\b[\w-]{43}\b"
    # A hyphen may be its first or last letter: there is no border of a word there.
    r"|(?<![\w-])[\w-]{43}(?![\w-])"
)


class JsonLines(logging.Formatter):
    """Write a record as JSON, masked."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time, level, logger, message, and the trace where there is one."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": masked(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = masked(self.formatException(record.exc_info))
        return json.dumps(line)


def masked(text: str) -> str:
    """Mask what looks like a National Insurance number, a token or a secret."""
    return SECRET.sub("[masked]", text)


def set_up_logs(level: int = logging.INFO) -> None:
    """Send our own logs to standard error as JSON, once."""
    root = logging.getLogger("idp")
    if root.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root.addHandler(handler)
    root.setLevel(level)
    root.propagate = False
