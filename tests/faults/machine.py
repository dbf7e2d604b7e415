"""machine - the processes of the copy: kills, freezes, starts them, and brings back who died."""
import asyncio
import collections
import pathlib
import signal
import os
import time

import firstcome

RUN = firstcome.HOME / "run"
SUPERVISOR_PAUSE = 0.4
# What starts a process; anything else is a program.
STARTERS = {"nats": "nats_ensure", "postgres": "postgres_ensure"}


def started_at(pid):
    """Clock ticks since the boot, as in proc(5); None if there is no such process, or a zombie."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:
            pass
    return found


class Machine:
    def __init__(self, programs, brokers):
        self.programs = programs
        self.brokers = brokers
        self.names = [*brokers, "postgres", *programs]
        self.resting = set()  # whom a fault keeps down
        self._reviving = set()  # whom the supervisor starts right now
        self.excused = collections.Counter()  # who may die by itself now, and for how many reasons
        self.deaths = []      # who died without being told to: (seconds since the epoch, name)

    @staticmethod
    def pid(name):
        """None if it does not run; never a number that somebody else has now (deploy/lib/process.sh)."""
        try:
            pid = int((RUN / f"{name}.pid").read_text())
            ticks = (RUN / f"{name}.identity").read_text().split()[0]
        except (OSError, ValueError, IndexError):
            return None
        return pid if started_at(pid) == ticks else None

    def is_running(self, name):
        return self.pid(name) is not None

    def signal(self, name, number):
        pid = self.pid(name)
        if pid is None:
            return
        # Each connection to PostgreSQL is a process of its own.
        group = children(pid) if name == "postgres" and number in (signal.SIGSTOP, signal.SIGCONT) else []
        for each in [pid, *group]:
            try:
                os.kill(each, number)
            except ProcessLookupError:
                pass

    async def kill(self, *names):
        """kill -9; they stay down until start."""
        await self._rest(names)
        for name in names:
            self.signal(name, signal.SIGKILL)
        while any(self.is_running(name) for name in names):
            await asyncio.sleep(0.02)

    async def stop(self, *names):
        """In good order."""
        await self._rest(names)
        await self.deploy(f"process_stop {' '.join(names)}")

    async def _rest(self, names):
        """From now on the supervisor leaves them alone; what it has begun with them ends first."""
        while not self._reviving.isdisjoint(names):
            await asyncio.sleep(0.05)
        self.resting.update(names)

    async def start(self, *names):
        """Tries until they run: a broker or a database may not be able to at the moment."""
        command = "; ".join(STARTERS.get(name, f"program_ensure {name}") for name in names)
        while not await self.deploy(command):
            await asyncio.sleep(1)
        self.resting.difference_update(names)

    async def start_all(self):
        self.resting.update(self.names)
        await self.start(*self.names)

    async def supervise(self):
        while True:
            for name in self.names:
                if name not in self.resting and not self.is_running(name):
                    await self._revive(name)
            await asyncio.sleep(SUPERVISOR_PAUSE)

    async def _revive(self, name):
        if not self.excused[name]:
            self.deaths.append((time.time(), name))
            print(f"  {name} died, and nobody had killed it: see log/{name}.log", flush=True)
        self._reviving.add(name)
        await self.start(name)
        self._reviving.discard(name)

    @staticmethod
    async def deploy(command):
        """Runs functions of deploy/lib; returns whether they succeeded."""
        script = (f"source {firstcome.ROOT}/deploy/lib/load.sh; settings_load; settings_use_running_build;"
                  f" {command}")
        with open(firstcome.HOME / "log" / "faults-deploy.log", "ab") as log:
            process = await asyncio.create_subprocess_exec(
                "bash", "-euo", "pipefail", "-c", script, stdin=asyncio.subprocess.DEVNULL, stdout=log,
                stderr=log)
            return await process.wait() == 0
