"""broker - asks the broker itself, as the admin: for its streams, and for the sequencers' control desk."""
import json
import socket
import urllib.parse
import uuid

import firstcome

SECONDS = 5.0


class NoAnswer(Exception):
    """Whatever was asked for may have been done, or not."""


def ask(port, subject, body):
    """Sends body as JSON to subject; returns the reply, which is JSON too."""
    parts = urllib.parse.urlsplit(firstcome.SETTINGS["NATS_URL"])
    inbox = f"_INBOX_admin.{uuid.uuid4().hex}".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            stream = connection.makefile("rwb")
            firstcome.nats_hello(stream, parts)
            payload = json.dumps(body).encode()
            stream.write(b"SUB %b 1\r\nPUB %b %b %d\r\n" % (inbox, subject.encode(), inbox, len(payload)))
            stream.write(payload + b"\r\n")
            stream.flush()
            return _read_reply(stream)
    except (OSError, ValueError) as error:
        raise NoAnswer(f"{subject}: {error}") from error


def _read_reply(stream):
    while line := stream.readline().strip():
        if line.startswith(b"MSG "):
            reply = stream.read(int(line.split()[-1]))
            return json.loads(reply)
        if line == b"PING":
            stream.write(b"PONG\r\n")
            stream.flush()
        elif line.startswith(b"-ERR"):
            raise ValueError(line.decode())
    raise ValueError("the broker closed the connection")
