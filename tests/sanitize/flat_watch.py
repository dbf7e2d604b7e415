#!/usr/bin/python3
"""flat_watch - watches the programs of a copy under the load of flat_load, and says what grew.

    flat_watch.py [--minutes N]

Every ten seconds: the private memory of each program (smaps_rollup), its descriptors and its threads.
The first third is for what is bounded, but fills: pools, the allocator. (The largest of it, the ring of
decisions of an ingress and its table of who asks how often, are filled before.) Through the rest a line is
fitted by least squares; its slope is what a program grows by in a minute. What its data explain is
subtracted: a booking is a row of 48 bytes and 10 bytes of index in each sequencer (docs/architecture.md);
each of the first 65536 decisions is one more place of 32 bytes in the index of an ingress' ring.
"""
import argparse
import pathlib
import re
import sys
import time

import firstcome
import flat_load

SAMPLE_SECONDS = 10
# More than the noise of the allocator, less than two bytes for each request.
KILOBYTES_A_MINUTE_MAX = 16
SEQUENCER_BYTES_A_BOOKING = 58
INGRESS_BYTES_A_DECISION = 32
PROGRAMS = ["sequencer-1", "sequencer-2", "ingress-1", "ingress-2", "fulfiller-1", "notifier-1", "cashier-1"]


def process(name):
    return pathlib.Path("/proc") / (firstcome.HOME / "run" / f"{name}.pid").read_text().strip()


def sample(name):
    """Private kilobytes, descriptors, threads."""
    folder = process(name)
    rollup = (folder / "smaps_rollup").read_text()
    private = sum(int(size) for size in re.findall(r"^Private_\w+: +(\d+) kB", rollup, re.M))
    threads = int(re.search(r"^Threads:\s+(\d+)", (folder / "status").read_text(), re.M)[1])
    return private, len(list((folder / "fd").iterdir())), threads


def slope(points):
    """Of the line through (minute, kilobytes) that is nearest to them."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def watch(minutes, load):
    """Rows of (minute, bookings and decisions so far, {program: sample})."""
    rows, start = [], time.monotonic()
    while (now := time.monotonic() - start) < minutes * 60:
        counts = load.counts["bookings"], load.decisions()
        rows.append((now / 60, counts, {name: sample(name) for name in PROGRAMS}))
        if len(rows) % 6 == 1:
            kilobytes = " ".join(f"{name} {rows[-1][2][name][0]}" for name in PROGRAMS)
            failures = sum(load.failures.values())
            print(f"  minute {now / 60:5.1f}: {kilobytes}, {failures} failures", flush=True)
        time.sleep(SAMPLE_SECONDS)
    return rows


def explained_by_data(name, rows):
    """Kilobytes a minute."""
    bookings = slope([(minute, counts[0]) for minute, counts, _ in rows])
    decisions = slope([(minute, counts[1]) for minute, counts, _ in rows])
    if name.startswith("sequencer"):
        return bookings * SEQUENCER_BYTES_A_BOOKING / 1024
    return decisions * INGRESS_BYTES_A_DECISION / 1024 if name.startswith("ingress") else 0.0


def judge(name, rows):
    """One line of the table, and whether the program is flat."""
    settled = rows[len(rows) // 3:]
    memory = [(minute, samples[name][0]) for minute, _, samples in settled]
    grows = slope(memory)
    explained = explained_by_data(name, settled)
    descriptors = [samples[name][1] for _, _, samples in settled]
    threads = [samples[name][2] for _, _, samples in settled]
    half = len(settled) // 2
    # Connections come and go; the floor under them must not rise.
    rises = min(descriptors[half:]) > max(descriptors[:half]) or min(threads[half:]) > max(threads[:half])
    flat = grows - explained <= KILOBYTES_A_MINUTE_MAX and not rises
    print(f"  {'ok' if flat else 'GROWS':6} {name:12} {rows[0][2][name][0]:8} {memory[0][1]:8}"
          f" {memory[-1][1]:8} {grows:9.1f} {explained:9.1f}   {min(descriptors)}-{max(descriptors)}"
          f"   {min(threads)}-{max(threads)}")
    return flat


def main():
    parser = argparse.ArgumentParser(description="Shows that memory does not grow with time.")
    parser.add_argument("--minutes", type=float, default=30)
    minutes = parser.parse_args().minutes
    flat_load.fill_rings()
    flat_load.fill_doors()
    load = flat_load.Load(minutes)
    load.start()
    rows = watch(minutes, load)
    load.end()
    print(f"\n  {'':6} {'program':12} {'start KB':>8} {'warm KB':>8} {'end KB':>8} {'KB/min':>9}"
          f" {'by data':>9}   descriptors   threads")
    flat = [judge(name, rows) for name in PROGRAMS]
    print("  load: " + ", ".join(f"{count} {kind}" for kind, count in load.counts.items()))
    for words, count in load.failures.items():
        print(f"  {count} times {words}")
    return 0 if all(flat) and load.is_constant() else 1


if __name__ == "__main__":
    sys.exit(main())
