"""client - HTTP/1.1 as an app speaks it: a connection that is kept, and a plain word for a lost answer."""
import asyncio
import json

from firstcome import Answer

HEAD_BYTES_MAX = 32768


class Lost(Exception):
    """No answer, or half of one: nobody knows whether the request was taken."""


class Client:
    def __init__(self, port):
        self._port = port
        self._streams = None

    async def call(self, method, path, body=None, headers=None, seconds=8.0):
        """Returns an Answer, or raises Lost."""
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(method, path, body, headers or {})
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
            self.close()
            raise Lost(f"{type(error).__name__}: {error}") from error

    def close(self):
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, method, path, body, headers):
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=HEAD_BYTES_MAX)
        reader, writer = self._streams
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(content)}"]
        if body is not None:
            lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        fields = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        content = await reader.readexactly(int(fields.get("content-length", "0")))
        if fields.get("connection") == "close":
            self.close()
        return Answer(status, fields, content)
