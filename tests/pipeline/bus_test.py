#!/usr/bin/python3
"""bus_test - the bus, the readers and the service skeleton against a real broker that is ill-treated.

Starts nats-server of its own, on free ports, once for each version that is there (NATS_SERVERS, or what
deploy/up and Debian have installed).
"""

import contextlib
import glob
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import built

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
START_SECONDS_MAX = 15
RUN_SECONDS_MAX = 120


def find_servers():
    if os.environ.get("NATS_SERVERS"):
        return os.environ["NATS_SERVERS"].split(":")
    tools = os.path.join(ROOT, ".local", "tools", "nats-server-*")
    found = glob.glob(os.path.join(tools, "nats-server"))
    debian = glob.glob(os.path.join(tools, "usr", "sbin", "nats-server")) + ["/usr/sbin/nats-server"]
    return found + [path for path in debian if os.access(path, os.X_OK)][-1:]


PROBE = built.find_program("tests/pipeline/bus_probe")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """A nats-server that can be killed, frozen and started again on the same port and data."""

    def __init__(self, program, permissions="", cluster=None):
        """cluster: the ports of all its nodes, our own first."""
        self.program, self.port = program, free_port()
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in (cluster or [])[1:])
        node = "" if not cluster else f"""
            cluster {{ name: C, listen: "127.0.0.1:{cluster[0]}", routes: [{routes}] }}"""
        self.folder = tempfile.TemporaryDirectory(prefix="bus-test-")
        self.config = os.path.join(self.folder.name, "nats.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"""
                server_name: "node-{self.port}" {node}
                listen: "127.0.0.1:{self.port}"
                max_payload: 1MB
                jetstream {{
                    store_dir: "{self.folder.name}/js"
                    max_mem: 64MB
                    max_file: 4GB
                }}
                authorization {{ users: [
                    {{ user: probe, password: secret {permissions} }}
                    {{ user: admin, password: secret }}
                ] }}
            """)
        self.log = open(os.path.join(self.folder.name, "log"), "ab")
        self.process = None
        self.start()

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "-c", self.config], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def freeze(self, seconds):
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.log.close()
        self.folder.cleanup()


class Admin:
    """Just enough of the NATS protocol to ask something as the admin."""

    def __init__(self, broker):
        self.socket = socket.create_connection(("127.0.0.1", broker.port), timeout=5)
        self.file = self.socket.makefile("rb")
        self.file.readline()
        options = {"verbose": False, "user": "admin", "pass": "secret"}
        self.send(f"CONNECT {json.dumps(options)}\r\nSUB _INBOX.admin.* 1\r\nPING\r\n")
        while self.file.readline() != b"PONG\r\n":
            pass
        self.asked = 0

    def send(self, text):
        self.socket.sendall(text.encode())

    def ask(self, subject, payload=""):
        self.asked += 1
        inbox = f"_INBOX.admin.{self.asked}"
        self.send(f"PUB {subject} {inbox} {len(payload)}\r\n{payload}\r\n")
        while True:
            words = self.file.readline().split()
            if words and words[0] == b"MSG":
                body = self.file.read(int(words[-1]) + 2)[:-2].decode()
                if words[1].decode() == inbox:
                    return body

    def close(self):
        self.file.close()
        self.socket.close()


class Probe:
    def __init__(self, url, messages=20000, size=4000, user="probe", replicas=1, block_ms=0,
                 environment=None):
        self.secret = tempfile.NamedTemporaryFile("w", prefix="bus-test-")
        self.secret.write("secret\n")
        self.secret.flush()
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [PROBE, "--nats-url", url, "--nats-user", user, "--probe-messages", str(messages),
             "--probe-replicas", str(replicas), "--probe-block-ms", str(block_ms),
             "--nats-password-file", self.secret.name, "--probe-bytes", str(size)],
            stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, **(environment or {})})

    def lines(self):
        self.log.seek(0)
        return self.log.read()

    def await_line(self, words, times=1):
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.lines().count(words) < times:
            if time.monotonic() > deadline:
                raise AssertionError(f"no line with '{words}' in:\n{self.lines()}")
            time.sleep(0.02)

    def finish(self):
        """Returns the exit status and what was said on standard output and in the log."""
        try:
            output, _ = self.process.communicate(timeout=RUN_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, _ = self.process.communicate()
            raise AssertionError(f"the probe did not end:\n{output}\n{self.lines()}") from None
        log = self.lines()
        for words in ["runtime error", "Sanitizer", "handles_left"]:
            if words in log:
                raise AssertionError(f"'{words}' in:\n{log}")
        return self.process.returncode, output, log

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.log.close()
        self.secret.close()


class BusTest(unittest.TestCase):
    """Each test runs once for each broker version."""

    def brokers(self, permissions=""):
        """Makes a broker of each version."""
        servers = find_servers()
        self.assertTrue(servers, "no nats-server: run deploy/up, or name it in NATS_SERVERS")
        return [lambda program=program: Broker(program, permissions) for program in servers]

    def probe(self, broker, **options):
        probe = Probe(broker if isinstance(broker, str) else broker.url, **options)
        self.addCleanup(probe.close)
        return probe

    def assert_good(self, probe):
        status, output, log = probe.finish()
        self.assertEqual(status, 0, output + log)
        return output

    def test_a_stream_is_read_both_ways(self):
        for make_broker in self.brokers():
            with make_broker() as broker, self.subTest(broker.program):
                output = self.assert_good(self.probe(broker))
                self.assertIn("retries 0, connections 1, dropped 0", output)

    def test_a_broker_that_is_killed_loses_and_doubles_nothing(self):
        for make_broker in self.brokers():
            with make_broker() as broker, self.subTest(broker.program):
                probe = self.probe(broker, messages=90000)
                probe.await_line("ready")
                for times in range(1, 5):
                    probe.await_line("broker_connected", times)
                    time.sleep(0.4)
                    broker.kill()
                    time.sleep(0.2)
                    broker.start()
                self.assertIn("connections 5", self.assert_good(probe))

    def test_a_broker_that_freezes_for_a_while(self):
        for make_broker in self.brokers():
            with make_broker() as broker, self.subTest(broker.program):
                probe = self.probe(broker, messages=40000, size=20000)
                probe.await_line("ready")
                for seconds in [0.5, 3, 10]:
                    time.sleep(0.2)
                    broker.freeze(seconds)
                self.assert_good(probe)

    def test_a_frozen_probe_goes_on(self):
        for make_broker in self.brokers():
            with make_broker() as broker, self.subTest(broker.program):
                probe = self.probe(broker, messages=40000)
                probe.await_line("ready")
                time.sleep(0.3)
                probe.process.send_signal(signal.SIGSTOP)
                time.sleep(5)
                probe.process.send_signal(signal.SIGCONT)
                self.assert_good(probe)

    def test_a_deleted_stream_is_noticed(self):
        for make_broker in self.brokers():
            with make_broker() as broker, self.subTest(broker.program):
                probe = self.probe(broker, messages=500000, size=100)
                probe.await_line("ready")
                time.sleep(0.3)
                admin = Admin(broker)
                self.addCleanup(admin.close)
                config = json.loads(admin.ask("$JS.API.STREAM.INFO.DEC_probe"))["config"]
                config.pop("metadata", None)
                admin.ask("$JS.API.STREAM.DELETE.DEC_probe")
                admin.ask("$JS.API.STREAM.CREATE.DEC_probe", json.dumps(config))
                status, _, log = probe.finish()
                self.assertEqual(status, 1, log)
                self.assertRegex(log, "(reader|follower)_broken .*(made anew|any more|ends at)")

    def test_a_cluster_of_three_whose_nodes_are_killed_in_turn(self):
        ports = [free_port() for _ in range(3)]
        with contextlib.ExitStack() as stack:
            nodes = [stack.enter_context(Broker(find_servers()[0], cluster=ports[i:] + ports[:i]))
                     for i in range(3)]
            url = ",".join(node.url for node in nodes)
            probe = self.probe(url, messages=60000, replicas=3)
            probe.await_line("ready")
            for node in nodes:
                time.sleep(1)
                node.kill()
                time.sleep(2)
                node.start()
                time.sleep(4)
            self.assert_good(probe)

    def test_what_is_not_permitted_is_one_clear_line(self):
        permissions = ', permissions: { publish: ["$JS.API.>"], subscribe: ["_INBOX_probe.>"] }'
        for make_broker in self.brokers(permissions):
            with make_broker() as broker, self.subTest(broker.program):
                probe = self.probe(broker, messages=1)
                probe.await_line('text="Permissions Violation for Publish to \'dec.probe\'"')
                # Of several at once cnats may tell the last one only.
                probe.await_line('text="Permissions Violation for Subscription to')

    def test_a_wrong_password_says_so_and_is_tried_again(self):
        for make_broker in self.brokers():
            with make_broker() as broker, self.subTest(broker.program):
                probe = self.probe(broker, user="nobody")
                probe.await_line("broker_connect_failed")
                probe.process.send_signal(signal.SIGTERM)
                status, _, log = probe.finish()
                self.assertEqual(status, 0, log)
                self.assertIn('reason="Authentication Violation"', log)

    def test_a_url_that_is_none_is_refused(self):
        for url in [",", "nats://", "127.0.0.1:4222", "http://127.0.0.1:4222", "nats://:4222",
                    "nats://127.0.0.1:0", "nats://127.0.0.1:65536", "nats://127.0.0.1:4222x",
                    "nats://127.0.0.1:4222,nats://secret@"]:
            with self.subTest(url):
                status, _, log = self.probe(url).finish()
                self.assertEqual(status, 78, log)
                self.assertIn("give FIRSTCOME_NATS_URL as nats://host:port", log)
                self.assertNotIn("secret", log)

    def test_sigterm_ends_it_with_and_without_a_broker(self):
        probe = self.probe(f"nats://127.0.0.1:{free_port()}")
        probe.await_line("broker_connect_failed")
        began = time.monotonic()
        probe.process.send_signal(signal.SIGTERM)
        status, _, log = probe.finish()
        self.assertEqual(status, 0, log)
        self.assertLess(time.monotonic() - began, 3)
        for make_broker in self.brokers():
            with make_broker() as broker, self.subTest(broker.program):
                probe = self.probe(broker, messages=1000000, size=100)
                probe.await_line("ready")
                probe.process.send_signal(signal.SIGTERM)
                probe.await_line("draining")
                self.assert_good(probe)  # what was begun was written and read to its end

    def test_a_second_signal_ends_it_at_once(self):
        for make_broker in self.brokers():
            with make_broker() as broker, self.subTest(broker.program):
                probe = self.probe(broker, messages=1000000, size=100)
                probe.await_line("ready")
                broker.process.send_signal(signal.SIGSTOP)
                time.sleep(0.3)  # until the probe has a full window that nobody answers
                probe.process.send_signal(signal.SIGTERM)
                probe.await_line("draining")
                probe.process.send_signal(signal.SIGTERM)
                began = time.monotonic()
                status, _, log = probe.finish()
                self.assertEqual(status, 1)
                self.assertIn("stopped_at_once", log)
                self.assertLess(time.monotonic() - began, 3)

    def test_replies_that_came_while_the_loop_was_blocked_are_not_late(self):
        for make_broker in self.brokers():
            with make_broker() as broker, self.subTest(broker.program):
                self.assertIn("retries 0", self.assert_good(self.probe(broker, block_ms=3000)))

    def test_systemd_is_told(self):
        with contextlib.ExitStack() as stack:
            path = os.path.join(stack.enter_context(tempfile.TemporaryDirectory()), "notify")
            notify = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            notify.bind(path)
            notify.settimeout(10)
            broker = stack.enter_context(Broker(find_servers()[0]))
            probe = self.probe(broker, messages=1000000, size=100, environment={
                "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
            told = [notify.recv(1000).decode() for _ in range(6)]
            for words in ["READY=1", "WATCHDOG=1", "STATUS=ready"]:
                self.assertIn(words, told)
            self.assertGreaterEqual(told.count("WATCHDOG=1"), 2)
            probe.process.send_signal(signal.SIGUSR1)
            probe.await_line("log_level level=debug")
            probe.process.send_signal(signal.SIGTERM)
            while told[-1] != "STOPPING=1":
                told.append(notify.recv(1000).decode())
            probe.finish()

    def test_status_is_answered(self):
        for make_broker in self.brokers():
            with make_broker() as broker, self.subTest(broker.program):
                probe = self.probe(broker, messages=1000000, size=100)
                probe.await_line("ready")
                admin = Admin(broker)
                self.addCleanup(admin.close)
                ping = json.loads(admin.ask("status.ping"))
                self.assertEqual(
                    [ping[key] for key in ("program", "instance", "ready", "note")],
                    ["probe", "probe", True, None])
                metrics = admin.ask("status.metrics")
                self.assertIn("firstcome_ready 1\n", metrics)
                self.assertIn("firstcome_broker_connected 1\n", metrics)
                probe.process.kill()


if __name__ == "__main__":
    unittest.main(verbosity=2)
