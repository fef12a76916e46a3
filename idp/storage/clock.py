"""The process's clock, which a sandbox may move."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time. Only a sandbox or a test ever moves it (decision 6)."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """Answer the aware moment now is, moved by what the sandbox asked for."""
        return datetime.now(UTC) + self.offset
