"""The load generator itself, and the page of the bench: small runs whose end is known."""
import fcntl
import os
import pathlib
import pty
import re
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


class BenchPageTest(unittest.TestCase):
    def test_what_was_not_measured_is_left_out(self):
        page = bench_page.page({"always": {"failed": ["peak"], "core": {
            "decided_per_second": 6e6, "step_ns": 90, "bytes_per_booking": 58.3}}}, {"date": "today"})
        self.assertIn("| decisions a second of the core alone | ≥ 5,000,000 | 6,000,000 | met |", page)
        self.assertIn("peak (each message is synced)", page)  # it could not be measured
        self.assertNotIn("## The rush", page)

    def test_verdicts(self):
        def verdict(rate):
            goals = bench_page.goals({"default": {"millions": {"rate": rate, "persisted_after": 1}}})
            return goals[0].verdict()
        self.assertEqual(verdict(100_000), "met")
        self.assertEqual(verdict(85_000), "**not met**, but above the floor of 80,000")
        self.assertEqual(verdict(79_000), "**not met**")
