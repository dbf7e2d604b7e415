"""The load generator itself, and the page of the bench: small runs whose end is known."""
import fcntl
import os
import pathlib
import pty
import re
import secrets
import smtplib
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
import xml.etree.ElementTree

import firstcome

LOAD = pathlib.Path(__file__).resolve().parents[1] / "load"
sys.path.insert(0, str(LOAD))
import bench_host  # noqa: E402
import bench_mail  # noqa: E402
import bench_page  # noqa: E402
from crowd_process import Crowd, command, load  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
PICTURE_BYTES_MAX = 60_000
COLUMNS = 80


def shown_on_a_terminal(words):
    """What a command writes to its standard error, where that is a terminal."""
    primary, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=terminal) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                shown += os.read(primary, 65536)
            except OSError:  # the terminal has no writer any more
                break
        os.close(primary)
        return process.wait(), shown.decode()


class LoadTest(unittest.TestCase):
    def test_people_log_in_with_the_codes_that_they_find(self):
        found = load("login", "--rate", 5, "--seconds", 3, "--connections", 8, "--patience", 15_000)
        self.assertEqual(found["due"], 15, found)
        self.assertEqual((found["codes"], found["logged_in"]), (15, 15), found)
        self.assertEqual((found["wrong"], found["unanswered"], found["garbled"]), (0, 0, 0), found)
        # A code is there before anybody can be logged in with it.
        self.assertGreater(found["code_us"]["p50"], 0, found)
        self.assertLess(found["code_us"]["p50"], found["told_us"]["p50"], found)

    def test_a_picture_of_a_rush(self):
        campaign = firstcome.new_campaign("picture", units=150)
        with tempfile.TemporaryDirectory() as folder:
            picture = pathlib.Path(folder) / "rush.svg"
            found = load("rush", "--campaign", campaign, "--people", 200, "--connections", 50, "--spread", 300,
                         "--seconds", 20, "--picture", picture)
            self.assertEqual((found["booked"], found["verdict"]["clean"]), (150, True), found)
            self.assertLess(picture.stat().st_size, PICTURE_BYTES_MAX)
            svg = xml.etree.ElementTree.parse(picture).getroot()
        self.assertEqual(svg.tag, f"{SVG}svg")
        self.assertIn("200 people", svg.findtext(f"{SVG}title"))
        self.assertIn("99 % within", svg.findtext(f"{SVG}desc"))
        self.assertIn("prefers-color-scheme", svg.findtext(f"{SVG}style"))
        self.assertIsNone(svg.find(f".//{SVG}script"))
        panels = [text.text for text in svg.iter(f"{SVG}text") if text.get("class") == "name"]
        self.assertEqual(panels, ["Answers a second", "Answered within", "Units left"])

    def test_readers_take_turns_until_they_are_told_to_stop(self):
        campaign = firstcome.new_campaign("phones", units=10)
        with Crowd("poll", "--campaign", campaign, "--rate", 40, "--connections", 20, "--seconds", 600) as crowd:
            time.sleep(3)
            found = crowd.finish()
        # Each has read once without a version of its own; nothing has changed since.
        self.assertEqual(found["statuses"].get("200"), 20, found)
        self.assertGreater(found["statuses"].get("304", 0), 20, found)
        self.assertLess(found["seconds"], 30, found)

    def test_progress_fits_a_terminal(self):
        campaign = firstcome.new_campaign("progress", units=500)
        status, shown = shown_on_a_terminal(command("rate", 50, "--campaign", campaign, "--seconds", 2))
        lines = [line for line in re.split(r"[\r\n]|\x1b\[K", shown) if line.strip()]
        self.assertEqual(status, 0, shown)
        self.assertTrue(any(" failed" in line and " left" in line for line in lines), shown)
        self.assertLess(max(map(len, lines)), COLUMNS, shown)


class MailTest(unittest.TestCase):
    def test_the_people_of_a_run_have_mail_boxes(self):
        people, run = 5, secrets.randbelow(1 << 31) + 1
        campaign = firstcome.new_campaign("boxes", units=people)
        bench_mail.give_mail_boxes(run, people)
        found = load("peak", "--campaign", campaign, "--people", people, "--run", run, "--connections", 2,
                     "--seconds", 20)
        self.assertEqual((found["booked"], found["verdict"]["clean"]), (people, True), found)
        for person in range(people):
            firstcome.await_message(f"someone-{run:08x}-{person:08x}@example.test", "booked")

    def test_a_sink_takes_what_the_notifier_sends(self):
        people, run = 20, secrets.randbelow(1 << 31) + 1
        campaign = firstcome.new_campaign("sink", units=people)
        bench_mail.give_mail_boxes(run, people)
        with bench_mail.MailSink() as sink:
            bench_mail.notifier_start()
            load("peak", "--campaign", campaign, "--people", people, "--run", run, "--connections", 2, "--seconds", 20)
            firstcome.await_true("all mails", lambda: sink.counts()["mails"] >= people, 60)
            self.assertEqual(sink.counts(), {"mails": people, "twice": 0, "nameless": 0})
            self.send_by_hand(sink.address)
            self.assertEqual(sink.counts(), {"mails": people + 4, "twice": 1, "nameless": 1})
        bench_mail.notifier_start()

    @staticmethod
    def send_by_hand(address):
        with smtplib.SMTP(*address) as client:
            for head in ("Message-ID: <1@x>\n", "message-id: <2@x>\n", "Message-ID: <1@x>\n", ""):
                # In the body it is no header; and a line that is only a full stop does not end it.
                client.sendmail("a@example.test", "b@example.test", f"Subject: x\n{head}\nMessage-ID: <2@x>\n.\n")


class HostTest(unittest.TestCase):
    def test_idle_time_is_not_wanted(self):
        before = [100, 0, 50, 1000, 10, 0, 0, 5]
        after = [160, 0, 80, 1300, 90, 0, 0, 15]
        self.assertAlmostEqual(bench_host.share_taken(before, after), 10 / (60 + 30 + 10))
        self.assertEqual(bench_host.share_taken(before, before), 0)
        # Where next to nothing ran, one tick is not the half of it.
        self.assertAlmostEqual(bench_host.share_taken([0] * 8, [1, 0, 0, 998, 0, 0, 0, 1]), 0.01)

    def test_fsync_is_measured_in_order(self):
        with tempfile.TemporaryDirectory() as folder:
            found = bench_host.fsync_ms(folder, 5)
            self.assertEqual(os.listdir(folder), [])
        self.assertEqual((len(found), found), (5, sorted(found)))


class BenchPageTest(unittest.TestCase):
    def test_what_was_not_measured_is_left_out(self):
        page = bench_page.page({"always": {"failed": ["peak"], "core": {
            "decided_per_second": 6e6, "step_ns": 90, "bytes_per_booking": 58.3}}}, {"date": "today"})
        self.assertIn("| decisions a second of the core alone | ≥ 5,000,000 | 6,000,000 | ? | met |", page)
        self.assertIn("peak (each message is synced)", page)  # it could not be measured
        self.assertNotIn("## The rush", page)
        self.assertNotIn("## What is impossible", page)

    def test_a_goal_says_if_the_host_spoiled_it(self):
        found = {"default": {"millions": {"rate": 100_000, "persisted_after": 1, "taken": 0.2,
                                          "waited": {"seconds": 180, "taken": 0.1}}}}
        self.assertEqual(bench_page.goals(found)[0].verdict(), "met; **spoiled by the host**")
        section = bench_page.goals_section(found)
        self.assertIn("| 20.0 % |", section)
        self.assertIn("away", bench_page.method_section(found))
        self.assertIn("millions (the broker's default)", section)
        found["default"]["millions"]["taken"] = bench_host.TAKEN_MAX
        self.assertEqual(bench_page.goals(found)[0].verdict(), "met")

    def test_what_the_disk_makes_impossible(self):
        def words(p50):
            disk = {"count": 500, "fsync_ms": {"p50": p50, "p99": 9.0, "max": 20.0}, "taken": 0.0,
                    "waited": {"seconds": 0, "taken": 0.0}}
            return bench_page.page({"always": {"disk": disk}}, {"date": "today", "processors": "2, of some kind"})
        self.assertIn("3.0 ms for the disk alone: a goal of 2 ms cannot be met", words(1.5))
        self.assertIn("1.0 ms for the disk alone: a goal of 2 ms leaves the rest", words(0.5))

    def test_verdicts(self):
        def verdict(rate):
            goals = bench_page.goals({"default": {"millions": {"rate": rate, "persisted_after": 1}}})
            return goals[0].verdict()
        self.assertEqual(verdict(100_000), "met")
        self.assertEqual(verdict(85_000), "**not met**, but above the floor of 80,000")
        self.assertEqual(verdict(79_000), "**not met**")
