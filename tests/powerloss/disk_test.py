"""The disk that forgets: it must forget exactly what was not flushed, else the trial proves nothing."""
import contextlib
import pathlib
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import disk

SIZE = 1 << 20
PROGRAM = pathlib.Path(disk.__file__)


class Client:
    """Speaks NBD as qemu does, and can vanish like a machine without power."""

    def __init__(self, port):
        self.socket = self.connect(port)
        self.stream = self.socket.makefile("rwb")
        self.stream.read(len(disk.GREETING))
        self.stream.write(struct.pack(">I", 3))
        self.option(8)  # structured replies: not offered
        assert self.option_reply() == disk.REPLY_UNSUPPORTED
        self.option(disk.OPTION_GO, b"\0" * 6)
        assert self.option_reply() == disk.REPLY_INFO
        assert self.option_reply() == disk.REPLY_ACK

    @staticmethod
    def connect(port):
        for _ in range(200):
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", port), timeout=10)
            time.sleep(0.02)
        raise AssertionError("the disk does not listen")

    def option(self, number, data=b""):
        self.stream.write(struct.pack(">8sII", disk.OPTION_MAGIC, number, len(data)) + data)
        self.stream.flush()

    def option_reply(self):
        _, _, kind, size = struct.unpack(">QIII", self.stream.read(20))
        self.stream.read(size)
        return kind

    def call(self, kind, offset=0, size=0, data=b""):
        self.stream.write(disk.REQUEST.pack(disk.REQUEST_MAGIC, 0, kind, 7, offset, size or len(data)) + data)
        self.stream.flush()
        _, error, cookie = disk.REPLY.unpack(self.stream.read(disk.REPLY.size))
        assert cookie == 7
        return error if error or kind != disk.READ else self.stream.read(size)

    def vanish(self):
        self.stream.close()
        self.socket.close()


class DiskTest(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.image = pathlib.Path(folder, "image")
        self.image.write_bytes(bytes(SIZE))

    def power_on(self, *keep_seed):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.process = subprocess.Popen([sys.executable, PROGRAM, self.image, str(port), *keep_seed],
                                        stdout=subprocess.PIPE, text=True)
        return Client(port)

    def power_off(self, client):
        client.vanish()
        return self.process.communicate(timeout=10)[0]

    def test_what_was_flushed_is_kept_and_nothing_else(self):
        client = self.power_on()
        client.call(disk.WRITE, 0, data=b"A" * 4096)
        client.call(disk.WRITE, 8192, data=b"B" * 512)
        client.call(disk.FLUSH)
        client.call(disk.WRITE, 4096, data=b"C" * 4096)
        client.call(disk.WRITE, 0, data=b"D" * 512)
        self.assertEqual(client.call(disk.READ, 0, 1024), b"D" * 512 + b"A" * 512)
        summary = self.power_off(client)
        image = self.image.read_bytes()
        self.assertEqual(image[:4096], b"A" * 4096)
        self.assertEqual(image[4096:8192], bytes(4096))
        self.assertEqual(image[8192:8704], b"B" * 512)
        self.assertIn("not flushed: 2 writes, 9 sectors, of which 0 were kept", summary)

    def test_what_was_kept_is_there_when_the_power_is_back(self):
        client = self.power_on()
        client.call(disk.WRITE, 512, data=b"A" * 512)
        client.call(disk.FLUSH)
        self.power_off(client)
        client = self.power_on()
        self.assertEqual(client.call(disk.READ, 512, 512), b"A" * 512)
        self.power_off(client)

    def test_a_seed_tears_writes_and_always_in_the_same_way(self):
        images = []
        for _ in range(2):
            self.image.write_bytes(bytes(SIZE))
            client = self.power_on("5")
            client.call(disk.WRITE, 0, data=b"A" * (1 << 16))
            self.power_off(client)
            images.append(self.image.read_bytes())
        self.assertEqual(images[0], images[1])
        coin = random.Random(5)
        kept = [coin.random() < 0.5 for _ in range(128)]
        self.assertEqual([images[0][i * 512] == ord("A") for i in range(128)], kept)
        self.assertIn(True, kept)
        self.assertIn(False, kept)

    def test_what_is_beyond_the_end_is_refused(self):
        client = self.power_on()
        self.assertEqual(client.call(disk.READ, SIZE, 512), disk.INVALID)
        self.assertEqual(client.call(disk.WRITE, SIZE - 512, data=b"A" * 1024), disk.INVALID)
        self.assertEqual(client.call(4, 0, 512), disk.INVALID)  # trim: not offered
        self.assertEqual(client.call(disk.READ, SIZE - 512, 512), bytes(512))
        self.power_off(client)


if __name__ == "__main__":
    unittest.main()
