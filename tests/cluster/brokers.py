"""brokers - the three brokers of the copy: who leads what, and everything bad that can happen to them."""
import subprocess
import time

import firstcome
from firstcome import deploy, http_call
from routes import NUMBERS

# deploy/lib/nats.sh: where they are watched, counted from the first port of the copy.
MONITOR = {1: 11, 2: 13, 3: 15}
# An election takes 4 to 9 seconds.
LONGER_THAN_AN_ELECTION = 10


class Brokers:
    def __init__(self, routes, port):
        self.routes = routes
        self.port = port

    def _look(self, number, path):
        return http_call("GET", f"http://127.0.0.1:{self.port + MONITOR[number]}{path}", timeout=5)

    def leader(self, stream):
        """The number of the broker that leads a stream; "meta": the cluster."""
        for number in NUMBERS:
            state = self._look(number, "/jsz?accounts=1&streams=1").json
            leaders = {each["name"]: each["cluster"].get("leader")
                       for account in state["account_details"] for each in account.get("stream_detail", [])}
            leaders["meta"] = state["meta_cluster"].get("leader")
            if leaders.get(stream):
                return int(leaders[stream].removeprefix("nats-"))
        raise AssertionError(f"nobody leads {stream}")

    def busiest(self):
        """The one with the most clients."""
        return max(NUMBERS, key=lambda number: self._look(number, "/connz").json["num_connections"])

    def await_well(self):
        deploy("nats_ensure")

    # Each of these ends when all three are well again.

    def kill(self, number):
        """The process dies, and is started again."""
        deploy(f"process_signal KILL nats-{number}")
        time.sleep(LONGER_THAN_AN_ELECTION)
        self.await_well()

    def replace(self, number):
        """It dies with its disk, and comes back with an empty one."""
        deploy(f"process_signal KILL nats-{number}; rm -rf \"$NATS_DIR/nats-{number}/jetstream\"")
        time.sleep(LONGER_THAN_AN_ELECTION)
        self.await_well()

    def kill_all(self):
        deploy("process_signal KILL nats-1 nats-2 nats-3")
        time.sleep(1)
        self.await_well()

    def freeze(self, number):
        """It lives, its connections live, and nothing happens. It wakes up with what it knew then."""
        deploy(f"process_signal STOP nats-{number}")
        time.sleep(LONGER_THAN_AN_ELECTION)
        deploy(f"process_signal CONT nats-{number}")
        self.await_well()

    def cut_off(self, number):
        """It hears nothing of the others, nor they of it; its clients are served as far as it can."""
        self.routes.cut_off(number)
        time.sleep(2 * LONGER_THAN_AN_ELECTION)
        self.routes.join(number)
        self.await_well()

    def restart_all(self):
        """As an operator does it, one after the other."""
        subprocess.run([str(firstcome.ROOT / "deploy" / "restart"), "nats"], check=True,
                       stdout=subprocess.DEVNULL, timeout=180)
