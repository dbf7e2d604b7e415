"""kinds - what can go wrong: a class a kind, in one list.

A kind has targets, a range of seconds, and two steps: begin breaks the target, end mends it. The schedule
never gives one resource to two faults at a time; resources(target) names what a fault needs for itself.
A new kind (of a cluster, of another provider) is one more class in KINDS.
"""
import asyncio
import os
import signal
import struct
import time

import broker
import firstcome

MINUTE = 60 * 1000000  # microseconds
END_PATIENCE = 60.0


class Kind:
    name = ""
    weight = 1          # how often it is drawn, compared with others
    seconds = (0.5, 5)  # how long it lasts

    def targets(self, place):
        """All it can break; a function of the place (what runs where), not of the moment."""
        raise NotImplementedError

    def resources(self, target):
        return {target}

    async def begin(self, rig, target):
        raise NotImplementedError

    async def end(self, rig, target):
        raise NotImplementedError


# ---- processes -----------------------------------------------------------------------------------------


class Kill(Kind):
    """kill -9, and back after a pause."""
    name = "kill"
    weight = 5
    seconds = (0.2, 4)

    def targets(self, place):
        return place.programs + place.brokers + ["postgres"]

    async def begin(self, rig, target):
        await rig.machine.kill(target)

    async def end(self, rig, target):
        await rig.machine.start(target)


class KillAll(Kind):
    """kill -9 of everything at once, as when the machine dies; what was written stays written."""
    name = "kill-all"
    seconds = (0.2, 3)

    def targets(self, place):
        return ["everything"]

    def resources(self, target):
        return {"*"}

    async def begin(self, rig, target):
        await rig.machine.kill(*rig.machine.names)

    async def end(self, rig, target):
        await rig.machine.start_all()


class Freeze(Kind):
    """SIGSTOP, later SIGCONT: a process that comes back and believes that no time has passed."""
    name = "freeze"
    weight = 4
    seconds = (0.3, 8)

    def targets(self, place):
        return place.programs + place.brokers + ["postgres"]

    async def begin(self, rig, target):
        rig.machine.signal(target, signal.SIGSTOP)

    async def end(self, rig, target):
        rig.machine.signal(target, signal.SIGCONT)


class Restart(Kind):
    """SIGTERM, the end, the next start: what an upgrade does."""
    name = "restart"
    weight = 2
    seconds = (0.1, 1)

    def targets(self, place):
        return place.programs + place.brokers + ["postgres"]

    async def begin(self, rig, target):
        await rig.machine.stop(target)

    async def end(self, rig, target):
        await rig.machine.start(target)


# ---- connections ---------------------------------------------------------------------------------------


class Link(Kind):
    """Something is wrong with one connection between two processes."""
    commands = ()

    def targets(self, place):
        return place.links

    def resources(self, target):
        return {f"link {target}"}

    async def begin(self, rig, target):
        for verb, *words in self.commands:
            rig.links.command(verb, target, *words)

    async def end(self, rig, target):
        rig.links.command("open", target)


class Outage(Link):
    name = "outage"
    weight = 2
    seconds = (0.5, 8)
    commands = (("refuse",), ("reset",))


class Cut(Link):
    name = "cut"
    weight = 2
    seconds = (0, 0)
    commands = (("cut",),)


class Stall(Link):
    """Connections are taken and nothing comes through: what a dead switch looks like."""
    name = "stall"
    weight = 2
    seconds = (0.5, 10)
    commands = (("freeze",),)


class Delay(Link):
    name = "delay"
    weight = 1
    seconds = (2, 8)
    commands = (("delay", 250),)


class Throttle(Link):
    name = "throttle"
    weight = 1
    seconds = (2, 8)
    commands = (("throttle", 30000),)


class LostAnswers(Link):
    """Requests arrive, answers do not, and then the connection breaks: nobody knows what was done."""
    name = "lost-answers"
    weight = 3
    seconds = (0.5, 6)
    commands = (("half", "up"),)

    async def end(self, rig, target):
        rig.links.command("reset", target)
        await super().end(rig, target)


# ---- mail and SMS --------------------------------------------------------------------------------------


class Provider(Kind):
    """The mail server or the SMS provider misbehaves; target: CHANNEL MODE."""
    name = "provider"
    weight = 3
    seconds = (2, 8)
    modes = ("slow", "refuse_temporarily", "take_then_break", "hang")

    def targets(self, place):
        return [f"{channel} {mode}" for channel in ("email", "sms") for mode in self.modes]

    def resources(self, target):
        return {target.split()[0]}

    async def begin(self, rig, target):
        channel, mode = target.split()
        await self._switch(channel, mode)

    async def end(self, rig, target):
        await self._switch(target.split()[0], "ok")

    @staticmethod
    async def _switch(channel, mode):
        while True:
            try:
                await asyncio.to_thread(firstcome.set_switches, **{channel: {"mode": mode}})
                return
            except OSError:
                await asyncio.sleep(0.2)  # the sandbox has much to do


# ---- full ----------------------------------------------------------------------------------------------


class StreamFull(Kind):
    """A stream of a campaign that people are after takes nothing more; later an operator makes room."""
    name = "stream-full"
    weight = 2
    seconds = (1, 5)

    def __init__(self):
        self._room = {}  # stream -> its max_bytes

    def targets(self, place):
        return ["REQ", "DEC"]

    def resources(self, target):
        return {"nats", "nats-1", "nats-2", "nats-3"}

    async def begin(self, rig, target):
        if rig.crowd.live:
            stream = f"{target}_{rig.crowd.live[0].id}"
            self._room[stream] = await asyncio.to_thread(self._resize, rig.place, stream, None)

    async def end(self, rig, target):
        for stream in [each for each in self._room if each.startswith(target)]:
            await asyncio.to_thread(self._resize, rig.place, stream, self._room.pop(stream))

    @staticmethod
    def _resize(place, stream, size):
        """None: what it has, so that nothing more fits. Returns the size before."""
        def ask(verb, body):
            answer = broker.ask(place.broker_ports[0], f"$JS.API.STREAM.{verb}.{stream}", body)
            if "error" in answer:
                raise broker.NoAnswer(answer["error"])
            return answer

        deadline = time.monotonic() + END_PATIENCE
        while True:
            try:
                answer = ask("INFO", {})
                before = answer["config"]["max_bytes"]
                enough = size or max(answer["state"]["bytes"], 1)
                ask("UPDATE", {**answer["config"], "max_bytes": enough})
                return before
            except broker.NoAnswer:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)


class DiskFull(Kind):
    """A file takes the rest of the disk of the broker, or of the database; then it goes away.

    The broker does not recover from it by itself: an operator restarts it, as deploy/README.md says.
    """
    name = "disk-full"
    weight = 2
    seconds = (1, 4)

    def targets(self, place):
        return list(place.disks)

    async def begin(self, rig, target):
        rig.machine.excused[target] += 1
        await asyncio.to_thread(self._fill, rig.place.disks[target] / "filler")

    async def end(self, rig, target):
        (rig.place.disks[target] / "filler").unlink()
        if target in rig.place.brokers:
            await rig.machine.stop(target)
            await rig.machine.start(target)
        else:
            await asyncio.sleep(2)  # what it fails to write, it may notice a little later
        rig.machine.excused[target] -= 1

    @staticmethod
    def _fill(path):
        with open(path, "wb") as filler:
            block = 1 << 20
            while block >= 4096:
                try:
                    os.posix_fallocate(filler.fileno(), os.fstat(filler.fileno()).st_size, block)
                except OSError:
                    block //= 2


# ---- clocks --------------------------------------------------------------------------------------------


class ClockStep(Kind):
    """The wall clock of one program jumps, and later jumps back; target: PROGRAM MINUTES."""
    name = "clock"
    weight = 3
    seconds = (3, 15)
    minutes = (0.5, -0.5, 60, -60)

    def targets(self, place):
        return [f"{program} {minutes:+}" for program in place.programs for minutes in self.minutes]

    def resources(self, target):
        return {f"clock {target.split()[0]}"}

    async def begin(self, rig, target):
        program, minutes = target.split()
        self._set(rig, program, int(float(minutes) * MINUTE))

    async def end(self, rig, target):
        self._set(rig, target.split()[0], 0)

    @staticmethod
    def _set(rig, program, offset_us):
        with open(rig.place.clocks / program, "r+b") as clock:
            clock.write(struct.pack("=q", offset_us))


KINDS = [Kill(), KillAll(), Freeze(), Restart(), Outage(), Cut(), Stall(), Delay(), Throttle(), LostAnswers(),
         Provider(), StreamFull(), DiskFull(), ClockStep()]
