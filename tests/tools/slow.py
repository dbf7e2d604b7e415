"""Clients that take their time, thousands of them: open connections that send or read next to nothing."""
import resource
import socket
import threading
import time

TICK_SECONDS = 1.0
TCP_ESTABLISHED = 1  # linux/tcp_states.h
# Descriptors for everything else that a test has open.
DESCRIPTORS_RESERVED = 200

IDLE, HEADER, BODY, READER, DEAF = "idle", "header", "body", "reader", "deaf"
KINDS = {
    IDLE: "connects, and says nothing",
    HEADER: "sends its request a byte a second, and never comes to the end",
    BODY: "sends its body a byte a second",
    READER: "asks for much, and reads a byte a second",
    DEAF: "asks for much, and reads nothing",
}
_BEGINNINGS = {
    IDLE: b"",
    HEADER: b"GET /v1/campaigns HTTP/1.1\r\nHost: slow.example\r\nX-Slow: ",
    BODY: b"POST /v1/register HTTP/1.1\r\nHost: slow.example\r\nContent-Type: application/json\r\n"
          b"Content-Length: 4000\r\n\r\n{\"email\":\"",
    # More answers than the buffers of both sides hold.
    READER: b"GET /app.js HTTP/1.1\r\nHost: slow.example\r\n\r\n" * 1000,
    DEAF: b"GET /app.js HTTP/1.1\r\nHost: slow.example\r\n\r\n" * 1000,
}


def connections_possible(wanted):
    """Raises this process's limit of open files; returns how many connections it may have, wanted at most."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    room = hard - DESCRIPTORS_RESERVED
    if room < wanted:
        print(f"    only {room} of {wanted} connections: this process may open {hard} files (ulimit -Hn)",
              flush=True)
    return min(room, wanted)


class SlowClients:
    """So many connections of one kind. They do what their kind does until close()."""

    def __init__(self, address, kind, count):
        self.kind = kind
        self._open = []
        for _ in range(count):
            self._open.append(self._connect(address))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _connect(self, address):
        client = socket.socket()
        if self.kind in (READER, DEAF):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(30)
        client.connect(address)
        client.setblocking(False)
        try:
            client.send(_BEGINNINGS[self.kind])
        except BlockingIOError:
            pass
        return client

    def _work(self, client):
        """Does what a connection of this kind does in a second."""
        try:
            if self.kind in (HEADER, BODY):
                client.send(b"x")
            elif self.kind == READER:
                client.recv(1)
        except OSError:
            pass  # nothing can be sent or read now, or never again: the state of the connection tells

    @staticmethod
    def _is_open(client):
        """By the kernel: who reads slowly would hear of the end only after all that came before it."""
        return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_ESTABLISHED

    def _run(self):
        while not self._stopped.wait(TICK_SECONDS):
            still_open = []
            for client in self._open:
                self._work(client)
                if self._is_open(client):
                    still_open.append(client)
                else:
                    client.close()
            self._open = still_open

    def open_count(self):
        return len(self._open)

    def await_all_closed(self, seconds):
        """Whether the server closed all of them within that time."""
        end = time.monotonic() + seconds
        while self._open and time.monotonic() < end:
            time.sleep(0.1)
        return not self._open

    def close(self):
        self._stopped.set()
        self._thread.join()
        for client in self._open:
            client.close()
        self._open = []
