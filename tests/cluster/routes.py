"""routes - the three wires between the brokers, through the proxy of tests/faults."""
import itertools

from links import Links

NUMBERS = (1, 2, 3)
# deploy/lib/nats.sh: the brokers' ports for each other, counted from the first one of the copy.
PORTS = {1: 16, 2: 17, 3: 18}
# Where the proxy listens: one port for each pair.
VIA = 36


def pair(one, other):
    return f"{min(one, other)}-{max(one, other)}"


class Routes:
    """There before the brokers are: deploy/up is told of it by FIRSTCOME_NATS_ROUTES_VIA."""

    def __init__(self, proxy, port):
        self.via = port + VIA
        self._links = Links(proxy, {
            pair(one, other): (self.via + one + other - 3, port + PORTS[one])
            for one, other in itertools.combinations(NUMBERS, 2)})

    def _tell(self, verb, number):
        for other in NUMBERS:
            if other != number:
                self._links.command(verb, pair(number, other))

    def cut_off(self, number):
        """Nothing arrives any more, in either direction; nobody is told."""
        self._tell("freeze", number)

    def join(self, number):
        self._tell("open", number)

    def close(self):
        self._links.open_all()
        self._links.close()
