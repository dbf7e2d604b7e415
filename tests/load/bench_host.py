"""The machine under the bench: what its host takes away, and what its disk costs. Knows nothing of a copy.

A virtual machine that wants a processor and is not given one sees that time as stolen (proc(5), /proc/stat). What was
measured meanwhile is worth little, so it is told beside every figure; and the bench waits for a better time first.
"""
import os
import pathlib
import subprocess
import tempfile
import time

# More than this, and a measurement is spoiled.
TAKEN_MAX = 0.03
# Of an idle machine a single tick would be a large share: so much of all time counts as wanted in any case.
WANTED_MIN = 0.1
PROBE_SECONDS = 2
PAUSE_SECONDS = 10
# In the first line of /proc/stat, after its name: user nice system idle iowait irq softirq steal.
IDLE, IOWAIT, STEAL, KINDS = 3, 4, 7, 8
# About a batch of bookings, or its decision.
RECORD_BYTES = 8192


class Host:
    """A context: what the host took away meanwhile, as a share of the processor time that programs here wanted. Who
    wants nothing is robbed of nothing, so idle time is left out."""

    def __enter__(self):
        self.before = processor_ticks()
        return self

    def __exit__(self, *_):
        self.taken = share_taken(self.before, processor_ticks())


def processor_ticks():
    line = pathlib.Path("/proc/stat").read_text().splitlines()[0]
    return list(map(int, line.split()[1:1 + KINDS]))


def share_taken(before, after):
    ticks = [later - earlier for earlier, later in zip(before, after)]
    wanted = sum(ticks) - ticks[IDLE] - ticks[IOWAIT]
    return ticks[STEAL] / max(wanted, sum(ticks) * WANTED_MIN, 1)


def probe():
    """What the host takes of processors that are all busy: of idle ones it would not show."""
    spinners = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count())]
    try:
        with Host() as host:
            time.sleep(PROBE_SECONDS)
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()
    return host.taken


def await_quiet(seconds_max):
    """Until the host takes next to nothing, or the time is up: the seconds that were waited, and what it takes now."""
    started = time.monotonic()
    while (taken := probe()) > TAKEN_MAX and time.monotonic() - started < seconds_max:
        time.sleep(PAUSE_SECONDS)
    return {"seconds": time.monotonic() - started - PROBE_SECONDS, "taken": taken}


def fsync_ms(folder, count):
    """What one fsync of a file in this folder takes after a record was appended, sorted, in milliseconds."""
    found = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(count):
            file.write(os.urandom(RECORD_BYTES))
            started = time.monotonic()
            os.fsync(file.fileno())
            found.append((time.monotonic() - started) * 1000)
    return sorted(found)
