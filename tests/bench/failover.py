#!/usr/bin/python3
"""How long nobody decides when the active sequencer is killed, or freezes, under load.

    tests/bench/failover.py [--kills 100] [--freezes 100] [--quiet 60] [--rate 300] [-o json]

Starts a copy of its own (FIRSTCOME_PORT, else 18180), and forgets it at the end. Three figures for each fault:

    takeover  from the fault until the other sequencer has lost its patience, by its log
    decision  until its first decision, by the time at which the broker stored that
    answer    the longest that anybody who asked around the fault waited for an answer

and how often a standby took over in a time without faults. Exit status 0: the promise held, and the goal is met.
"""
import argparse
import bisect
import datetime
import json
import math
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SEQUENCERS = ("sequencer-1", "sequencer-2")
PEOPLE = 400
FIGURES = ("takeover", "decision", "answer")
GOAL_MS = 500
FREEZE_SECONDS = 2.0
SETTLE_SECONDS = 1.0
# How long the killed one stays away.
AWAY_SECONDS = 2.0


class DecisionTimes(threading.Thread):
    """When the broker stored each decision of a campaign, as it tells with what it republishes."""

    def __init__(self, firstcome, campaign):
        super().__init__(daemon=True)
        parts = urllib.parse.urlsplit(firstcome.SETTINGS["NATS_URL"])
        self.stream = socket.create_connection((parts.hostname, parts.port)).makefile("rwb")
        self.times = []
        firstcome.nats_hello(self.stream, parts, headers=True)
        self.stream.write(f"SUB decided.{campaign} 1\r\n".encode())
        firstcome.nats_ping(self.stream)
        self.start()

    def run(self):
        while line := self.stream.readline():
            if line == b"PING\r\n":
                self.stream.write(b"PONG\r\n")
                self.stream.flush()
            elif line.startswith(b"HMSG "):
                message = self.stream.read(int(line.split()[-1]) + 2)
                self.times.append(self.stored_at(message))

    def stored_at(self, message):
        """Nats-Time-Stamp: 2026-11-22T19:25:46.535123456Z, its fraction without zeros at the end."""
        seconds, fraction = re.search(rb"Nats-Time-Stamp: ([^.Z]+)(\.\d+)?Z", message).groups()
        whole = datetime.datetime.fromisoformat(seconds.decode() + "+00:00").timestamp()
        return whole + float(fraction or 0)

    def first_since(self, moment):
        return self.times[bisect.bisect_left(self.times, moment)]


class Bench:
    def __init__(self, firstcome, campaign, times, people):
        self.firstcome = firstcome
        self.campaign = campaign
        self.times = times
        self.people = people

    def takeovers(self):
        """(time, who) of each, the oldest first."""
        found = []
        for name in SEQUENCERS:
            for path in (self.firstcome.HOME / "log").glob(f"{name}.log*"):
                found += [(self.firstcome.log_time(line), name) for line in path.read_text().splitlines()
                          if f" took_over campaign={self.campaign} " in line]
        return sorted(found)

    def await_ready(self):
        """The standby is back: it has read everything, and compared it."""
        def is_so():
            programs = self.firstcome.tool("status", check=False).get("programs", [])
            return sum(p["program"] == "sequencer" and p["ready"] for p in programs) == len(SEQUENCERS)
        self.firstcome.await_true("both sequencers are ready", is_so, 60, 0.2)

    def kill(self, name, pid):
        os.kill(pid, signal.SIGKILL)
        time.sleep(AWAY_SECONDS)
        self.firstcome.deploy(f"program_ensure {name}")

    def freeze(self, _, pid):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(FREEZE_SECONDS)
        os.kill(pid, signal.SIGCONT)

    def once(self, fault):
        """(takeover, decision, answer) in milliseconds; None if the one that decided was another one."""
        name = self.takeovers()[-1][1]
        pid = int((self.firstcome.HOME / "run" / f"{name}.pid").read_text())
        moment = time.time()
        fault(name, pid)
        self.await_ready()
        time.sleep(SETTLE_SECONDS)
        others = [at for at, who in self.takeovers() if at > moment and who != name]
        if not others:
            return None
        asked = [answer.seconds for answer in self.people.answers if answer.sent_at < moment + AWAY_SECONDS
                 and answer.sent_at + answer.seconds > moment]
        ends = (others[0], self.times.first_since(others[0]), moment + max(asked))
        return [(end - moment) * 1000 for end in ends]

    def many(self, word, fault, count):
        """Figures of so many faults."""
        done, elsewhere = [], 0
        while len(done) < count:
            result = self.once(fault)
            if result is None:
                elsewhere += 1
                assert elsewhere <= count + 5, "nobody takes over: see the logs of the sequencers"
                continue
            done.append(result)
            tell(f"{word} {len(done)} of {count}: " + ", ".join(
                f"{figure} {value:.0f} ms" for figure, value in zip(FIGURES, result)))
        return {"count": count, "not_active": elsewhere,
                **{f"{figure}_ms": percentiles(values) for figure, values in zip(FIGURES, zip(*done))}}

    def quiet(self, seconds):
        """Nothing happens: takeovers now are false ones, and answers as slow as the machine."""
        before, moment = len(self.takeovers()), time.time()
        tell(f"no faults for {seconds} s")
        time.sleep(seconds)
        answers = [answer.seconds * 1000 for answer in self.people.answers if answer.sent_at > moment]
        return {"seconds": seconds, "takeovers": len(self.takeovers()) - before, "answer_ms": percentiles(answers)}


def tell(words):
    print(f"{datetime.datetime.now():%H:%M:%S} {words}", file=sys.stderr, flush=True)


def percentiles(values):
    """By nearest rank."""
    values = sorted(values)
    named = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {name: round(values[math.ceil(share * len(values)) - 1], 1) for name, share in named.items()}


def measure(arguments):
    import firstcome
    from steady import Steady
    campaign = firstcome.new_campaign("failover", units=1_000_000, units_per_person=100)
    times = DecisionTimes(firstcome, campaign)
    tokens = [firstcome.new_token() for _ in range(PEOPLE)]
    with Steady(campaign, tokens, arguments.rate) as people:
        time.sleep(2 * SETTLE_SECONDS)
        bench = Bench(firstcome, campaign, times, people)
        report = {"rate": arguments.rate, "quiet": bench.quiet(arguments.quiet)}
        if arguments.kills > 0:
            report["kills"] = bench.many("kill", bench.kill, arguments.kills)
        if arguments.freezes > 0:
            report["freezes"] = bench.many("freeze", bench.freeze, arguments.freezes)
    audit = firstcome.audit(campaign)
    report |= {"answers": people.statuses(), "unanswered": len(people.unanswered), "wrong": people.wrong,
               "acknowledged": len(people.bookings), "lost": people.lost(), "audit_clean": audit.get("clean", False),
               "decisions": len(times.times)}
    faults = [report[word] for word in ("kills", "freezes") if word in report]
    report["promise_held"] = report["audit_clean"] and not report["lost"] and not report["wrong"]
    report["goal_met"] = all(fault["decision_ms"]["p99"] < GOAL_MS for fault in faults)
    return report


def print_table(report):
    print(f"{'':21}{'p50':>8}{'p90':>8}{'p99':>8}{'max':>8}   ms")
    for word in ("quiet", "kills", "freezes"):
        for figure in FIGURES:
            if f"{figure}_ms" in report.get(word, {}):
                row = "".join(f"{value:8.0f}" for value in report[word][f"{figure}_ms"].values())
                print(f"{report[word].get('count', ''):4} {word:8}{figure:8}{row}")
    print(f"false takeovers in {report['quiet']['seconds']} s without faults: {report['quiet']['takeovers']}")
    print(f"answers {report['answers']}, without an answer {report['unanswered']}, acknowledged "
          f"{report['acknowledged']}, lost {len(report['lost'])}, audit {'clean' if report['audit_clean'] else 'NOT CLEAN'}")
    print(f"goal, p99 of the decision under {GOAL_MS} ms: {'met' if report['goal_met'] else 'MISSED'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--freezes", type=int, default=100)
    parser.add_argument("--quiet", type=int, default=60, help="seconds without faults, before them")
    parser.add_argument("--rate", type=int, default=300, help="requests a second")
    parser.add_argument("-o", choices=("table", "json"), default="table")
    arguments = parser.parse_args()
    home = tempfile.mkdtemp(prefix="firstcome-failover-")
    os.environ["FIRSTCOME_HOME"] = home
    os.environ.setdefault("FIRSTCOME_PORT", "18180")
    sys.path.insert(0, str(ROOT / "tests" / "tools"))
    try:
        subprocess.run([ROOT / "deploy" / "up", "--no-demo"], check=True, stdout=sys.stderr)
        report = measure(arguments)
    finally:
        subprocess.run([ROOT / "deploy" / "down", "--wipe"], check=True, stdout=sys.stderr)
        shutil.rmtree(home, ignore_errors=True)
    if arguments.o == "json":
        print(json.dumps(report))
    else:
        print_table(report)
    return 0 if report["promise_held"] and report["goal_met"] else 1


if __name__ == "__main__":
    sys.exit(main())
