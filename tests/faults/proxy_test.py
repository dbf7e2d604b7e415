"""The fault proxy does to real sockets what it is told, and nothing else."""
import os
import socket
import threading
import time
import unittest

import built
from links import Links

PROGRAM = built.find_program("tests/faults/fault_proxy")
SHORT = 0.3  # seconds in which nothing is to arrive


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Target:
    """Sends back what it gets, and counts it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.bytes = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.echo, args=(connection,), daemon=True).start()

    def echo(self, connection):
        with connection:
            try:
                while data := connection.recv(65536):
                    self.bytes += len(data)
                    connection.sendall(data)
            except OSError:
                pass


class ProxyTest(unittest.TestCase):
    def setUp(self):
        self.target = Target()
        self.addCleanup(self.target.listener.close)
        self.port = free_port()
        self.links = Links(PROGRAM, {"a": (self.port, self.target.port), "b": (free_port(), 1)})
        self.addCleanup(lambda: self.assertEqual(self.links.close(), 0))

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        self.addCleanup(client.close)
        return client

    def exchange(self, client, data):
        client.sendall(data)
        got = b""
        while len(got) < len(data):
            piece = client.recv(65536)
            if not piece:
                return got
            got += piece
        return got

    def assert_silent(self, client):
        client.settimeout(SHORT)
        with self.assertRaises(TimeoutError):
            client.recv(1)
        client.settimeout(5)

    def test_passes_everything_both_ways(self):
        client, data = self.connect(), os.urandom(1 << 20)
        got = []
        reader = threading.Thread(target=lambda: got.append(b"".join(iter(lambda: client.recv(65536), b""))))
        reader.start()
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        reader.join(10)
        self.assertEqual(got, [data])

    def test_refuses_and_opens(self):
        old = self.connect()
        self.assertEqual(self.exchange(old, b"1"), b"1")
        self.links.command("refuse", "a")
        with self.assertRaises(ConnectionRefusedError):
            self.connect()
        self.assertEqual(self.exchange(old, b"2"), b"2")
        self.links.command("open", "a")
        self.assertEqual(self.exchange(self.connect(), b"3"), b"3")

    def test_freezes_and_forgets_nothing(self):
        client = self.connect()
        self.links.command("freeze", "a")
        client.sendall(b"abc")
        late = self.connect()
        late.sendall(b"def")
        self.assert_silent(client)
        self.assertEqual(self.target.bytes, 0)
        self.links.command("open", "a")
        self.assertEqual(client.recv(3), b"abc")
        self.assertEqual(late.recv(3), b"def")

    def test_passes_one_half(self):
        client = self.connect()
        self.links.command("half", "a", "up")
        client.sendall(b"abc")
        self.assert_silent(client)
        self.assertEqual(self.target.bytes, 3)
        self.links.command("half", "a", "down")
        self.assertEqual(client.recv(3), b"abc")
        client.sendall(b"def")
        self.assert_silent(client)
        self.assertEqual(self.target.bytes, 3)

    def test_delays(self):
        client = self.connect()
        self.links.command("delay", "a", 150)
        began = time.monotonic()
        self.assertEqual(self.exchange(client, b"x"), b"x")
        self.assertGreaterEqual(time.monotonic() - began, 0.29)

    def test_throttles(self):
        client = self.connect()
        self.links.command("throttle", "a", 20000)
        began = time.monotonic()
        self.assertEqual(len(self.exchange(client, b"x" * 10000)), 10000)
        self.assertGreaterEqual(time.monotonic() - began, 0.45)

    def test_cuts_and_resets(self):
        first = self.connect()
        self.assertEqual(self.exchange(first, b"1"), b"1")
        self.assertEqual(self.links.command("cut", "a"), 0)
        self.assertEqual(first.recv(1), b"")
        second = self.connect()
        self.assertEqual(self.exchange(second, b"2"), b"2")
        self.links.command("reset", "a")
        with self.assertRaises(ConnectionResetError):
            second.recv(1)

    def test_a_sender_is_slowed_by_a_frozen_receiver(self):
        client = self.connect()
        self.links.command("freeze", "a")
        client.settimeout(SHORT)
        sent = 0
        with self.assertRaises(TimeoutError):
            for _ in range(1 << 10):
                sent += client.send(b"x" * 65536)
        self.assertLess(sent, 32 << 20)  # what the kernel buffers, not what the client has

    def test_a_target_that_is_not_there_is_told_by_a_reset(self):
        with self.assertRaises(ConnectionResetError):
            port = free_port()
            links = Links(PROGRAM, {"nowhere": (port, free_port())})
            self.addCleanup(links.close)
            with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                client.recv(1)

    def test_says_what_is_wrong(self):
        for words in (("open", "c"), ("shut", "a"), ("half", "a"), ("delay", "a", "soon"),
                      ("throttle", "a", 1)):
            with self.assertRaises(RuntimeError):
                self.links.command(*words)
        self.links.command("count", "a")


if __name__ == "__main__":
    unittest.main()
