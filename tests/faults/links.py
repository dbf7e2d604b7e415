"""links - the proxy's side of the wires: starts proxy.c and tells it how each of them shall misbehave."""
import subprocess
import threading


class Links:
    """wires: name -> (port to listen on, port of the target)."""

    def __init__(self, program, wires):
        arguments = [f"{name}={port}:{target}" for name, (port, target) in wires.items()]
        self.names = list(wires)
        self._lock = threading.Lock()
        self._process = subprocess.Popen([str(program), *arguments], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True, bufsize=1)
        for name in wires:
            self.command("count", name)  # once it answers it listens

    def command(self, verb, name, *words):
        """Returns how many connections the link has."""
        with self._lock:
            print(verb, name, *words, file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline().strip()
        if not answer.startswith("ok "):
            raise RuntimeError(f"the proxy answers {answer!r} to: {verb} {name} {' '.join(map(str, words))}")
        return int(answer[3:])

    def open_all(self):
        for name in self.names:
            self.command("open", name)

    def close(self):
        """Ends the proxy; returns its exit status."""
        self._process.stdin.close()
        self._process.stdout.close()
        return self._process.wait(10)
