#!/usr/bin/python3
"""disk - a disk that forgets what was not synced when its power goes, served over NBD.

    disk.py IMAGE PORT [KEEP-SEED]

                      write           flush
      the machine ───────────▶ cache ────────▶ IMAGE       reads see the cache

The power is the connection: when it ends, in whatever way, what only the cache had is gone. IMAGE is
then what a real disk would hold that does all it was told to do, and nothing more. With KEEP-SEED it
holds a little more, as real disks do, which write when they like: of each write that was not flushed
every sector is kept or forgotten by a coin, so writes are torn, and later ones may outlive earlier ones.

Serves one client, in the order in which it asks; then prints what was forgotten, and ends. The protocol:
https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
"""
import mmap
import os
import random
import socket
import struct
import sys

SECTOR_BYTES = 512
REQUEST_BYTES_MAX = 64 << 20

GREETING = b"NBDMAGIC" + b"IHAVEOPT" + struct.pack(">H", 0b11)  # fixed newstyle, no zeroes
OPTION_MAGIC = b"IHAVEOPT"
OPTION_REPLY_MAGIC = 0x3E889045565A9
OPTION_ABORT, OPTION_GO = 2, 7
REPLY_ACK, REPLY_INFO, REPLY_UNSUPPORTED = 1, 3, 0x80000001
INFO_EXPORT = 0
EXPORT_FLAGS = 0b101  # has flags, takes flushes

REQUEST = struct.Struct(">IHHQQI")
REQUEST_MAGIC = 0x25609513
REPLY = struct.Struct(">IIQ")
REPLY_MAGIC = 0x67446698
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
OK, INVALID = 0, 22


class Disk:
    """IMAGE, and what was written to it since the last flush."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR)
        self.size = os.fstat(self.file).st_size
        # Copy on write: what is changed in here does not reach the file.
        self.view = mmap.mmap(self.file, self.size, access=mmap.ACCESS_COPY)
        self.cache = []  # (offset, bytes) of each write, in order
        self.flushes = 0

    def has(self, offset, size):
        return offset + size <= self.size and size <= REQUEST_BYTES_MAX

    def read(self, offset, size):
        return self.view[offset:offset + size]

    def write(self, offset, data):
        self.view[offset:offset + len(data)] = data
        self.cache.append((offset, data))

    def flush(self):
        for offset, data in self.cache:
            os.pwrite(self.file, data, offset)
        self.cache.clear()
        self.flushes += 1

    def lose_power(self, keep=None):
        """Forgets the cache, but for the sectors that chance keeps, and says what was forgotten."""
        kept = 0
        for offset, data in self.cache:
            for start in range(0, len(data), SECTOR_BYTES):
                if keep is not None and keep.random() < 0.5:
                    os.pwrite(self.file, data[start:start + SECTOR_BYTES], offset + start)
                    kept += 1
        sectors = sum(-(-len(data) // SECTOR_BYTES) for _, data in self.cache)
        summary = (f"flushes {self.flushes}; not flushed: {len(self.cache)} writes, "
                   f"{sectors} sectors, of which {kept} were kept all the same")
        self.cache.clear()
        return summary


def receive(stream, size):
    data = stream.read(size)
    if len(data) != size:
        raise ConnectionError("the client is gone")
    return data


def negotiate(disk, stream):
    """Until the client wants to begin. There is one export, under every name."""
    stream.write(GREETING)
    stream.flush()
    receive(stream, 4)  # the client's flags
    while True:
        magic, option, size = struct.unpack(">8sII", receive(stream, 16))
        if magic != OPTION_MAGIC or size > REQUEST_BYTES_MAX:
            raise ConnectionError("the client does not speak NBD")
        receive(stream, size)

        def reply(kind, data=b""):
            stream.write(struct.pack(">QIII", OPTION_REPLY_MAGIC, option, kind, len(data)) + data)

        if option == OPTION_GO:
            reply(REPLY_INFO, struct.pack(">HQH", INFO_EXPORT, disk.size, EXPORT_FLAGS))
        reply(REPLY_ACK if option in (OPTION_GO, OPTION_ABORT) else REPLY_UNSUPPORTED)
        stream.flush()
        if option == OPTION_GO:
            return
        if option == OPTION_ABORT:
            raise ConnectionError("the client changed its mind")


def serve(disk, stream):
    """Until the client says goodbye; a client that is gone without a word raises ConnectionError."""
    negotiate(disk, stream)
    while True:
        magic, _, kind, cookie, offset, size = REQUEST.unpack(receive(stream, REQUEST.size))
        if magic != REQUEST_MAGIC or (kind == WRITE and size > REQUEST_BYTES_MAX):
            raise ConnectionError("the client does not speak NBD")
        data = receive(stream, size) if kind == WRITE else b""
        if kind == DISCONNECT:
            return
        error = OK
        if kind == READ and disk.has(offset, size):
            data = disk.read(offset, size)
        elif kind == WRITE and disk.has(offset, size):
            disk.write(offset, data)
            data = b""
        elif kind == FLUSH:
            disk.flush()
        else:
            error, data = INVALID, b""
        stream.write(REPLY.pack(REPLY_MAGIC, error, cookie) + data)
        stream.flush()


def main():
    path, port = sys.argv[1], int(sys.argv[2])
    keep = random.Random(int(sys.argv[3])) if len(sys.argv) > 3 else None
    disk = Disk(path)
    with socket.create_server(("127.0.0.1", port)) as listener:
        client, _ = listener.accept()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        serve(disk, client.makefile("rwb"))
    except ConnectionError:
        pass
    print(disk.lose_power(keep), flush=True)


if __name__ == "__main__":
    main()
