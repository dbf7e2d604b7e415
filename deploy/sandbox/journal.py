"""journal - keeps on disk what the payment gateway must not forget: a line of JSON for each thing.

A line is with the operating system before append() returns, so it outlives the process, however
that ends. It is not synced: a power cut may take the last seconds, as it may in no real gateway.

Fatal: a file that cannot be written, and a line that cannot be read, except for the last one where
the process died while it wrote it. About money nothing is guessed.
"""

import fcntl
import json
import os

ENCODE = json.JSONEncoder(separators=(",", ":")).encode


class JournalError(Exception):
    """The text says what to do."""


class Journal:
    """Without a path nothing is kept."""

    def __init__(self, path):
        self._path = path
        self._file = -1
        self._noted = []
        self._is_broken = False

    def open(self):
        """Yields what the lines say that are there. To be exhausted before anything is written."""
        if self._path is None:
            return
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalError(f"{self._path} is in use by another process: stop that") from error
        size = 0
        with open(self._path, "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                yield self._parse(number, line)
                size += len(line)
        os.ftruncate(self._file, size)

    def append(self, thing):
        """Writes one thing, after those that were noted."""
        self.note(thing)
        self.flush()

    def note(self, thing):
        """Remembers one thing, to be written with the next, or at flush(): for what may be lost."""
        if self._file >= 0:
            self._noted.append(ENCODE(thing))

    def flush(self):
        if not self._noted:
            return
        if self._is_broken:
            raise JournalError(f"{self._path} could not be written before. Restart the sandbox")
        data = ("\n".join(self._noted) + "\n").encode()
        try:
            if os.write(self._file, data) != len(data):
                raise OSError("the disk is full")
        except OSError as error:
            # Half a line may be there; the next start cuts it off.
            self._is_broken = True
            raise JournalError(
                f"{self._path} cannot be written: {error}. Make room and restart") from error
        self._noted.clear()

    def close(self):
        if self._file >= 0:
            self.flush()
            os.close(self._file)
            self._file = -1

    def _parse(self, number, line):
        try:
            return json.loads(line)
        except ValueError as error:
            raise JournalError(
                f"{self._path}: line {number} cannot be read: {error}. Mend it, or remove the file "
                "and with it all payments") from error
