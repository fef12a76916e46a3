"""Read a file of people in a process of its own, so that two cores share an import.

The process gets the open file and, through a pipe, what to do: the keys in it are in no argument,
no environment and no file. It hands over one batch at a time and waits until that is taken. It
ends when its work is done, when the importing process closes the pipe, and when that is killed.
"""

import gc
import os
import pickle
import signal
import struct
import subprocess
import sys
from collections.abc import Generator
from contextlib import suppress
from typing import Any, BinaryIO

from idp.register.batches import Batch, Expected, Reading

_LENGTH = struct.Struct("!Q")
_NEW, _KNOWN = b"n", b"k"  # whom to expect: one of them for each batch that is asked for
# A batch is some ten thousand objects and no cycle among them: nothing to look for so often.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000


class ReaderDied(RuntimeError):
    """The process that reads the file ended before its work did; what it said is on the log."""


def read_beside(
    reading: Reading, handle: BinaryIO, expected: Expected
) -> Generator[Batch, None, None]:
    """Answer what `Reading.batches` does. Raises `ReaderDied`, and `OSError` of reading the file.

    Close the iterator to end the process early.
    """
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "idp.register.beside"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[handle.fileno()],
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        pickle.dump((handle.fileno(), reading), child.stdin)
        last = False
        while not last:
            child.stdin.write(_KNOWN if expected.known else _NEW)
            child.stdin.flush()
            batch = _taken(child.stdout)
            if isinstance(batch, OSError):
                raise OSError(batch.errno, batch.strerror, str(handle.name))
            last = batch.last
            yield batch
    except (EOFError, BrokenPipeError):
        code = child.wait()
        how = f"signal {-code}" if code < 0 else f"code {code}"
        raise ReaderDied(
            f"the process that reads the file ended early ({how}); run the same command again"
        ) from None
    finally:
        child.kill()
        for pipe in (child.stdin, child.stdout):
            with suppress(BrokenPipeError):
                pipe.close()
        child.wait()


def _taken(pipe: Any) -> Any:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - our own process wrote it


def _give(pipe: BinaryIO, what: Any) -> None:
    data = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def main() -> None:
    """Read as standard input says, and write the batches to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who imports: it ends us in time
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # nobody imports any more
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    asked, out = sys.stdin.buffer, sys.stdout.buffer
    number, reading = pickle.load(asked)  # noqa: S301 - from who started us
    expected = Expected()
    try:
        with os.fdopen(number, "rb") as handle:
            for batch in reading.batches(handle, expected):
                expected.known = asked.read(1) == _KNOWN
                _give(out, batch)
    except OSError as problem:
        _give(out, OSError(problem.errno, problem.strerror))


if __name__ == "__main__":
    main()
