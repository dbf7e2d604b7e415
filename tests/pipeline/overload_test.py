"""More than can be carried: what is refused is refused early and says when to come back; slow clients take
nothing from the others; and when it is over it is over.

Shapes, not speeds: figures are made by tests/load/overload.
"""
import json
import pathlib
import resource
import subprocess
import time
import unittest
import urllib.parse

import firstcome
import slow
from firstcome import HOME, await_true

ADDRESS = urllib.parse.urlsplit(firstcome.HTTP_URL)
IDLE_COUNT, SLOW_COUNT, CROWD_COUNT = 1500, 150, 3000
# Sanitizers keep what was freed for a while; without them it is some ten megabytes.
GROWTH_BYTES_MAX = 600 << 20
# Few, so that the tests that come after these do not wait for their confirmations. What can be cancelled is
# never over: also when all are gone, each request goes through the line.
UNITS = 1500


def build_folder():
    lines = (HOME / "settings").read_text().splitlines()
    return next(line.removeprefix("build=") for line in lines if line.startswith("build="))


def load(*arguments):
    """Runs the load generator on this copy; fails if people were told what cannot be true."""
    command = [f"{build_folder()}/tests/load/load", *map(str, arguments), "--address", ADDRESS.netloc,
               "--keys", str(HOME / "keys"), "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: status {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def resident_bytes():
    """Of both ingresses together."""
    pids = [(HOME / "run" / f"ingress-{i}.pid").read_text().strip() for i in (1, 2)]
    pages = [int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids]
    return sum(pages) * resource.getpagesize()


def decided(found):
    """How many got the line's answer."""
    return found["booked"] + found["refused"] + found["again"]


def decided_a_second(found, seconds):
    """Without the first second, and without what came after the last request was due."""
    rows = found["timeline"][1:seconds]
    return sum(answered - later for answered, _, later, *_ in rows) / len(rows)


class OverloadTest(unittest.TestCase):
    def check_normal(self, campaign):
        """A light load is answered at once, and whole."""
        found = load("rate", 40, "--campaign", campaign, "--connections", 16, "--seconds", 3)
        self.assertEqual(decided(found), found["due"], found)
        self.assertLess(found["latency_us"]["p99"], 1_500_000, found)

    def test_a_rush_of_impatient_people(self):
        campaign = firstcome.new_campaign("rush", units=UNITS // 5)
        found = load("rush", "--campaign", campaign, "--people", UNITS // 2, "--connections", 200,
                     "--duplicates", 30, "--spread", 500, "--threads", 2, "--seconds", 45)
        self.assertEqual(found["booked"], UNITS // 5, found)
        self.assertEqual(found["verdict"]["refused"], UNITS // 2 - UNITS // 5, found)
        self.assertGreater(found["again"], 0, found)

    def test_four_times_the_peak(self):
        campaign = firstcome.new_campaign("overload", units=UNITS, cancellable=True)
        peak = load("peak", "--campaign", campaign, "--connections", 500, "--seconds", 4, "--people", 100_000)
        rate = round(decided_a_second(peak, 4))
        before = resident_bytes()
        found = load("rate", 4 * rate, "--campaign", campaign, "--seconds", 10, "--people", 200_000,
                     "--connections", slow.connections_possible(CROWD_COUNT), "--patience", 20_000)
        goodput = decided_a_second(found, 10)
        print(f"    peak {rate}/s; at four times that {goodput:.0f}/s decided, {found['later']} refused, "
              f"answers after {found['service_us']['p50'] / 1000:.0f} ms (p50), "
              f"{found['service_us']['p99'] / 1000:.0f} ms (p99)", flush=True)
        self.assertGreater(goodput, 0.3 * rate, found)  # it does not break down
        self.assertEqual(found["later_without_retry_after"], 0, found)
        self.assertEqual((found["wrong"], found["garbled"], found["reset"]), (0, 0, 0), found)
        # Whoever got through had an answer, a booking or a refusal.
        self.assertEqual(found["timeouts"], 0, found)
        self.assertEqual(set(found["statuses"]) - {"201", "202", "410", "429", "503"}, set(), found)
        self.assertLess(resident_bytes() - before, GROWTH_BYTES_MAX)
        time.sleep(2)
        self.check_normal(campaign)
        report = firstcome.audit(campaign)
        self.assertTrue(report.get("clean"), report)

    def test_slow_clients_change_nothing_for_the_others(self):
        campaign = firstcome.new_campaign("slow", units=UNITS, cancellable=True)
        address = (ADDRESS.hostname, ADDRESS.port)
        idle_count = slow.connections_possible(IDLE_COUNT + 4 * SLOW_COUNT) - 4 * SLOW_COUNT
        before = resident_bytes()
        crowds = {kind: slow.SlowClients(address, kind, SLOW_COUNT if kind != slow.IDLE else idle_count)
                  for kind in slow.KINDS}
        for crowd in crowds.values():
            self.addCleanup(crowd.close)
        self.check_normal(campaign)
        self.assertEqual(crowds[slow.IDLE].open_count(), idle_count)
        for kind in (slow.HEADER, slow.BODY, slow.READER, slow.DEAF):
            with self.subTest(kind):
                self.assertTrue(crowds[kind].await_all_closed(45), crowds[kind].open_count())
        # Who only says nothing may stay.
        self.assertEqual(crowds[slow.IDLE].open_count(), idle_count)
        self.check_normal(campaign)
        self.assertLess(resident_bytes() - before, GROWTH_BYTES_MAX)
        crowds[slow.IDLE].close()
        await_true("the idle ones are gone", lambda: self.connections() < 50)

    @staticmethod
    def connections():
        total = 0
        for port in (ADDRESS.port + 1, ADDRESS.port + 2):
            text = firstcome.http_call("GET", f"http://{ADDRESS.hostname}:{port}/metrics").body.decode()
            total += sum(float(line.split()[-1]) for line in text.splitlines()
                         if line.startswith("firstcome_ingress_connections "))
        return total
