"""Text messages: what a driver must do, and the driver that needs no telephone company."""

import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

TEXTS_FILE = "text-messages.jsonl"

log = logging.getLogger("idp.notices")


class TextDriver(Protocol):
    """A way to send text messages."""

    def send(self, *, number: str, text: str, ref: str) -> None:
        """Send one. The same `ref` may come twice: it is the same message.

        Raises `idp.outbox.actions.Undeliverable` when no later try would help; whatever else it
        raises is tried again.
        """


@dataclass(frozen=True, slots=True)
class SandboxTexts:
    """The sandbox's driver: a line in a file, which its mailbox page shows."""

    file: Path

    def send(self, *, number: str, text: str, ref: str) -> None:
        """Append it. One write: whoever reads sees a whole line or none."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = json.dumps({"ref": ref, "to": number, "text": text, "at": at}) + "\n"
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


class LoggedTexts:
    """The console driver of a real installation: it says that a message would go, and no more.

    Whoever reads a log is not who a code is for, so neither the text nor the number is in it.
    """

    def send(self, *, number: str, text: str, ref: str) -> None:
        """Log that there was one, by its reference and its length."""
        del number
        log.warning("text message %s (%d characters) is only logged, not sent", ref, len(text))
