"""common/database.h against a real PostgreSQL, directly and through a network that fails.

Uses the database of the running copy (run.env), or DATABASE_URL, in a schema of its own.
"""

import os
import socket
import subprocess
import threading
import time
import unittest
import urllib.parse

import built

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOME = os.environ.get("FIRSTCOME_HOME", os.path.join(ROOT, ".local"))
SCHEMA = "database_probe"


def find_url():
    if os.environ.get("DATABASE_URL"):
        return os.environ["DATABASE_URL"]
    with open(os.path.join(HOME, "run.env"), encoding="utf-8") as file:
        settings = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    return settings["DATABASE_URL"]


class Network:
    """A TCP connection to the database that can fall silent, be cut, or refuse to be made."""

    def __init__(self, target):
        self.target = target
        self.silent = threading.Event()
        self.pairs = []
        self.pumps = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            self.pairs.append((client, server))
            for source, sink in ((client, server), (server, client)):
                self.pumps.append(threading.Thread(target=self.pump, args=(source, sink), daemon=True))
                self.pumps[-1].start()

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                while self.silent.is_set():
                    time.sleep(0.01)
                sink.sendall(data)
        except OSError:
            pass
        self.hang_up(source, sink)

    @staticmethod
    def hang_up(*pair):
        for one in pair:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        for pair in self.pairs:
            self.hang_up(*pair)

    def close(self):
        self.silent.clear()
        self.listener.close()
        self.cut()
        for pump in self.pumps:
            pump.join()
        for pair in self.pairs:
            for one in pair:
                one.close()


class Probe:
    def __init__(self, url):
        self.process = subprocess.Popen(
            [built.find_program("tests/pipeline/database_probe"), url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, line):
        """Returns the outcome, the milliseconds, the rows and the first value or the error."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        outcome, ms, rows, *value = self.process.stdout.readline().rstrip("\n").split(" ", 3)
        return outcome, int(ms), int(rows), value[0] if value else ""

    def outcome(self, line):
        return self.call(line)[0]

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(10)


class DatabaseTest(unittest.TestCase):
    def setUp(self):
        parts = urllib.parse.urlsplit(find_url())
        self.network = Network((parts.hostname, parts.port))
        self.addCleanup(self.network.close)
        user = parts.netloc.rsplit("@", 1)[0]
        search_path = urllib.parse.quote(f"-csearch_path={SCHEMA}")
        self.url = parts._replace(
            netloc=f"{user}@127.0.0.1:{self.network.port}",
            query=f"options={search_path}").geturl()
        self.probe = self.new_probe(self.url)
        self.assertEqual(self.probe.outcome(
            f"run 5000 drop schema if exists {SCHEMA} cascade; create schema {SCHEMA}; "
            "create table probe (number bigint primary key, words text)"), "ok")

    def tearDown(self):
        self.network.silent.clear()
        self.assertEqual(self.new_probe(self.url).outcome(f"run 5000 drop schema {SCHEMA} cascade"), "ok")

    def new_probe(self, url):
        probe = Probe(url)
        self.addCleanup(lambda: self.assertEqual(probe.close(), 0))
        return probe

    def test_statements_and_outcomes(self):
        for line, outcome, value in [
                ("query 5000 select 1", "ok", "1"),
                ("query 5000 select $1::text", "ok", "it's"),
                ("query 5000 select nonsense", "error", "42703"),
                ("run 5000 select 1; select bad; select 3", "error", "42703"),
                ("run 5000 insert into probe values (1, 'x')", "ok", ""),
                ("query 5000 insert into probe values (1, 'x')", "conflict", "23505"),
                ("run 5000 copy probe from stdin", "error", "COPY"),
                ("query 5000 copy probe to stdout", "error", "COPY"),
                ("export 5000 select 1", "error", "COPY"),
                ("query 5000 select pg_terminate_backend(pg_backend_pid())", "unavailable", "57P01"),
                ("query 5000 select count(*) from probe", "ok", "1")]:
            with self.subTest(line):
                got, _, _, words = self.probe.call(line)
                self.assertEqual(got, outcome, words)
                self.assertIn(value, words)

    def test_errors_do_not_tell_values(self):
        self.probe.call("run 5000 insert into probe values (1, 'x')")
        _, _, _, words = self.probe.call("query 5000 insert into probe values (1, 'x')")
        self.assertNotIn("(1)", words)

    def test_copying_in_and_out(self):
        self.assertEqual(self.probe.outcome("copy 60000 200000"), "ok")
        self.assertEqual(
            self.probe.call("query 5000 select count(*), max(number) from probe")[3], "200000")
        self.assertEqual(self.probe.outcome("copy 5000 1"), "conflict")
        self.assertEqual(self.probe.call("export 60000 copy probe to stdout")[2], 200000)
        stopped = self.probe.call(
            "export 60000 copy (select 'stop' union all select words from probe) to stdout")
        self.assertEqual((stopped[0], stopped[2]), ("ok", 1))
        self.assertEqual(self.probe.outcome("query 5000 select 1"), "ok")

    def assert_late(self, line, limit_ms):
        outcome, ms, _, words = self.probe.call(line)
        self.assertEqual(outcome, "unavailable", words)
        self.assertIn("no answer within", words)
        self.assertLess(ms, limit_ms + 1500)  # a busy machine is late itself

    def test_deadlines_hold(self):
        self.assert_late("query 300 select pg_sleep(60)", 300)
        self.assert_late("run 300 select pg_sleep(60)", 300)
        self.assert_late("copy 100 3000000", 100)
        self.assertEqual(self.probe.call("query 5000 select count(*) from probe")[3], "0")

    def test_silence_ends_at_the_deadline(self):
        self.assertEqual(self.probe.outcome("query 5000 select 1"), "ok")
        self.network.silent.set()
        self.assert_late("query 300 select 1", 300)
        self.assert_late("query 300 select 1", 300)  # now it is the connecting that gets no answer
        self.assert_late("copy 500 1000000", 500)
        self.network.silent.clear()
        self.assertEqual(self.probe.outcome("query 5000 select 1"), "ok")

    def test_making_a_connection_goes_on_from_call_to_call(self):
        self.assertEqual(self.probe.outcome("query 5000 select 1"), "ok")
        self.network.cut()
        self.assertEqual(self.probe.outcome("query 5000 select 1"), "unavailable")
        made = len(self.network.pairs)
        self.network.silent.set()
        for _ in range(4):
            self.assert_late("query 50 select 1", 50)
        self.network.silent.clear()
        self.assertEqual(self.probe.outcome("query 5000 select 1"), "ok")
        self.assertEqual(len(self.network.pairs), made + 1)

    def test_a_cut_connection_is_made_again_after_it_was_told(self):
        self.assertEqual(self.probe.outcome("query 5000 select 1"), "ok")
        self.network.cut()
        self.assertEqual(self.probe.outcome("query 5000 select 1"), "unavailable")
        self.assertEqual(self.probe.outcome("query 5000 select 1"), "ok")

    def test_a_server_that_is_not_there(self):
        probe = self.new_probe("postgresql://nobody@127.0.0.1:1/none")
        outcome, ms, _, words = probe.call("query 3000 select 1")
        self.assertEqual(outcome, "unavailable")
        self.assertIn("refused", words)
        self.assertLess(ms, 1000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
