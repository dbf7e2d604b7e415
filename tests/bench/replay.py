#!/usr/bin/python3
"""How long a sequencer needs to read a campaign again after a restart.

    FIRSTCOME_HOME=.local tests/bench/replay.py [BOOKINGS]       6000000 if left out

Against a copy that is up (deploy/up --no-demo). Puts bookings of as many people straight into the line of a new campaign,
waits until they are decided and in PostgreSQL, restarts both sequencers, and prints one figure a line.
"""
import pathlib
import re
import socket
import struct
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
import firstcome  # noqa: E402

BATCH = 250
MESSAGE_VERSION, MESSAGE_BOOK = 1, 2
HOUR = 3600


def batch_of(count, random):
    """A batch as an ingress writes it (common/pure/messages.c)."""
    parts = [struct.pack("<BBH", MESSAGE_VERSION, MESSAGE_BOOK, count), random.read(16), bytes(8)]
    noise = random.read(48 * count)
    for at in range(0, len(noise), 48):  # account, one identity, key, one unit
        parts += (noise[at:at + 16], b"\1", noise[at + 16:at + 48], b"\1")
    return b"".join(parts)


def fill(campaign, bookings):
    parts = urllib.parse.urlsplit(firstcome.SETTINGS["NATS_URL"])
    with socket.create_connection((parts.hostname, parts.port)) as connection, \
            open("/dev/urandom", "rb") as random:
        stream = connection.makefile("rwb", buffering=1 << 20)
        firstcome.nats_hello(stream, parts)
        for first in range(0, bookings, BATCH):
            payload = batch_of(min(BATCH, bookings - first), random)
            stream.write(f"PUB req.{campaign}.book {len(payload)}\r\n".encode() + payload + b"\r\n")
        firstcome.nats_ping(stream)


def count(sql, campaign):
    return firstcome.query(sql, campaign)[0][0]


def seconds_to_ready(name):
    """From the program's own log: its newest start, and when it was ready."""
    lines = (firstcome.HOME / "log" / f"{name}.log").read_text().splitlines()
    times = {event: firstcome.log_time(line) for line in lines
             for event in ("starting", "ready") if re.search(rf" {name} {event}\b", line)}
    return times["ready"] - times["starting"]


def main():
    bookings = int(sys.argv[1]) if len(sys.argv) > 1 else 6_000_000
    campaign = firstcome.new_campaign("replay", units=bookings)
    started = time.monotonic()
    fill(campaign, bookings)
    counts = lambda: firstcome.api("GET", f"/v1/campaigns/{campaign}/availability").json["sold"]  # noqa: E731
    firstcome.await_true("all are decided", lambda: counts() == bookings, HOUR)
    print(f"decided_seconds {time.monotonic() - started:.1f}", flush=True)
    ledger = "select count(*) from bookings b join campaigns c on c.ordinal = b.campaign where c.id = %s"
    firstcome.await_true("all are in the ledger", lambda: count(ledger, campaign) == bookings, HOUR, 1)
    print(f"persisted_seconds {time.monotonic() - started:.1f}", flush=True)
    for name in ("sequencer-1", "sequencer-2"):
        firstcome.deploy(f"process_stop {name}; program_ensure {name}")
        firstcome.await_true(f"{name} is ready", lambda n=name: seconds_to_ready(n) > 0, HOUR, 0.5)
        print(f"replay_seconds {seconds_to_ready(name):.1f}", flush=True)


if __name__ == "__main__":
    main()
