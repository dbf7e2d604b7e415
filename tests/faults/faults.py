"""faults - the run itself: load, faults by the schedule, mending, and the verdict. Started by run.

Exit status: 0 five zeros, 1 something is wrong (it is printed, and the logs stay).
"""
import argparse
import asyncio
import collections
import contextlib
import dataclasses
import pathlib
import struct
import sys
import time

import firstcome
from campaigns import Admin
from client import Client, Lost
from inbox import Inbox
from kinds import KINDS
from links import Links
from machine import Machine
from people import Crowd
from record import Record
from schedule import plan
from verdict import OTHER, ZEROS, Verdict

PEOPLE = 200
HEALTHY_SECONDS = 120.0
SETTLE_SECONDS = 120.0
# A claim of a killed notifier ends after FIRSTCOME_CLAIM_SECONDS (60, see run); its notice may rest after it.
DRAIN_SECONDS = 240.0
FINDINGS_MAX = 40


@dataclasses.dataclass
class Place:
    """What runs where: all that the schedule may know."""
    programs: list
    brokers: list
    broker_ports: list
    links: list
    disks: dict    # process -> the folder of its disk
    clocks: pathlib.Path


class Rig:
    """Everything that a fault may need; and one fault at a time for each resource.

    The schedule sees to that as well, but on a slow machine what it broke may not be mended yet.
    """

    def __init__(self, place, links, machine, crowd):
        self.place = place
        self.links = links
        self.machine = machine
        self.crowd = crowd
        self._locks = collections.defaultdict(asyncio.Lock)

    @contextlib.asynccontextmanager
    async def alone_with(self, resources):
        names = set(resources) | (set(self.machine.names) if "*" in resources else set())
        async with contextlib.AsyncExitStack() as stack:
            for name in sorted(names):
                await stack.enter_async_context(self._locks[name])
            yield


def read_arguments():
    parser = argparse.ArgumentParser(prog="tests/faults/run", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--proxy", required=True)
    parser.add_argument("--wire", action="append", default=[], help="NAME=PORT:TARGET of the proxy")
    parser.add_argument("--program", action="append", default=[])
    parser.add_argument("--broker", action="append", default=[], help="NAME=PORT")
    parser.add_argument("--disk", action="append", default=[], help="PROCESS=FOLDER")
    return parser.parse_args()


def pairs(arguments):
    return dict(argument.split("=", 1) for argument in arguments)


def choose_kinds(only):
    wanted = set(filter(None, only.split(",")))
    unknown = wanted - {kind.name for kind in KINDS}
    if unknown:
        known = ", ".join(kind.name for kind in KINDS)
        sys.exit(f"there is no kind {', '.join(unknown)}; there are: {known}")
    return [kind for kind in KINDS if not wanted or kind.name in wanted]


def make_place(arguments):
    clocks = firstcome.HOME / "clocks"
    for program in arguments.program:
        (clocks / program).write_bytes(struct.pack("=q", 0))
    brokers = pairs(arguments.broker)
    return Place(
        programs=arguments.program, brokers=list(brokers),
        broker_ports=[int(port) for port in brokers.values()], links=list(pairs(arguments.wire)),
        clocks=clocks,
        disks={name: pathlib.Path(folder) for name, folder in pairs(arguments.disk).items()})


# ---- breaking ------------------------------------------------------------------------------------------


async def suffer(rig, fault, began):
    await asyncio.sleep(max(0, began + fault.at - time.monotonic()))
    async with rig.alone_with(fault.kind.resources(fault.target)):
        print(f"  {fault}", flush=True)
        await fault.kind.begin(rig, fault.target)
        await asyncio.sleep(fault.seconds)
        await fault.kind.end(rig, fault.target)


async def tell_progress(record, began):
    while True:
        await asyncio.sleep(30)
        counts = record.counts
        print(f"  -- {time.monotonic() - began:.0f} s: {counts['requests']} requests, {counts['told booked']}"
              f" booked, {counts['no answer']} unanswered, {len(record.campaigns)} campaigns", flush=True)


# ---- mending -------------------------------------------------------------------------------------------


async def bounded(verdict_texts, what, seconds, coroutine):
    try:
        await asyncio.wait_for(coroutine, seconds)
    except TimeoutError:
        verdict_texts.append(f"after all faults were mended, {seconds:.0f} s were not enough: {what}")


async def become_healthy(rig):
    """Every program says that it can do its work."""
    missing = set(rig.place.programs)
    while missing:
        answer = await asyncio.to_thread(firstcome.tool, "status", check=False)
        missing -= {each["instance"] for each in answer.get("programs", ()) if each["ready"]}
        await asyncio.sleep(0.5)


async def units_left(client, campaign):
    """As the page says, once the campaign has opened."""
    while True:
        try:
            answer = await client.call("GET", f"/v1/campaigns/{campaign.id}/availability")
            if answer.status == 200 and answer.json["state"] != "scheduled":
                return answer.json["available"]
        except Lost:
            pass
        await asyncio.sleep(0.5)


async def sell_out(crowd, campaign):
    """All that is left is wanted by somebody; ten ask at a time."""
    client, people = Client(crowd.port), crowd.people * campaign.limit
    while people and await units_left(client, campaign) > 0:
        some = [people.pop() for _ in range(min(10, len(people)))]
        said = await asyncio.gather(*(person.want_one(campaign) for person in some))
        if not {"sold_out", "waitlisted"}.isdisjoint(said):
            break
    client.close()


async def drain(inbox):
    """Until the ledger has every decision, and the notifier has told everybody."""
    while True:
        await inbox.collect()
        unseen, owed = (await asyncio.to_thread(firstcome.query, """
            select (select count(*) from campaigns c left join notice_positions p on p.campaign = c.ordinal
                    where c.decided_n > coalesce(p.seen_n, 0)),
                   (select count(*) from notices where state in (1, 2))
                   + (select count(*) from contact_news)"""))[0]
        if unseen == owed == 0:
            await inbox.collect()
            return
        await asyncio.sleep(1)


async def mend(rig, admin, inbox, record):
    late = record.complaints
    rig.links.open_all()
    print("mending: all faults are off; waiting until everybody is well", flush=True)
    await bounded(late, "a program is not ready", HEALTHY_SECONDS, become_healthy(rig))
    await bounded(late, "people or the admin still wait for an answer", SETTLE_SECONDS,
                  asyncio.gather(rig.crowd.rest(), admin.rest()))
    await bounded(late, "some requests never get a verdict", SETTLE_SECONDS,
                  asyncio.gather(*(person.settle_all() for person in rig.crowd.people)))
    await bounded(late, "what is left cannot be booked", SETTLE_SECONDS, asyncio.gather(
        *(sell_out(rig.crowd, campaign) for campaign in rig.crowd.over if not campaign.closed)))
    await bounded(late, "some requests never get a verdict", SETTLE_SECONDS,
                  asyncio.gather(*(person.settle_all() for person in rig.crowd.people)))
    print("draining: the ledger and the mail catch up", flush=True)
    await bounded(late, "the ledger or the notifier is behind", DRAIN_SECONDS, drain(inbox))


# ---- the run -------------------------------------------------------------------------------------------


async def run(arguments, place, faults):
    record, links = Record(), Links(arguments.proxy, wires(arguments.wire))
    inbox = Inbox(int(firstcome.SANDBOX_URL.rpartition(":")[2]))
    crowd = Crowd(wires(arguments.wire)["people"][0], record, inbox, arguments.seed)
    machine = Machine(place.programs, place.brokers)
    rig, admin = Rig(place, links, machine, crowd), Admin(crowd, place, arguments.seed)
    await machine.start(*place.programs)
    await asyncio.wait_for(become_healthy(rig), HEALTHY_SECONDS)
    collecting = asyncio.create_task(inbox.keep_collecting())
    await crowd.gather(PEOPLE)
    print(f"{PEOPLE} people have logged in", flush=True)
    began = time.monotonic()
    background = [asyncio.create_task(machine.supervise()), asyncio.create_task(tell_progress(record, began))]
    arriving = asyncio.create_task(crowd.keep_arriving())
    admin.start()
    crowd.start()
    await asyncio.gather(*(suffer(rig, fault, began) for fault in faults),
                         asyncio.sleep(arguments.seconds))
    crowd.resting = True
    await mend(rig, admin, inbox, record)
    for task in (collecting, arriving, *background):
        task.cancel()
    record.complaints += [f"{name} died by itself" for _, name in machine.deaths]
    verdict = Verdict(record, inbox.delivered)
    await asyncio.to_thread(verdict.check_all)
    links.close()
    return verdict


def wires(arguments):
    return {name: tuple(int(port) for port in ports.split(":")) for name, ports in pairs(arguments).items()}


def print_table(title, rows):
    print(f"\n{title}")
    for name, value in rows:
        print(f"  {name:44} {value:>9}")


def report(verdict, faults):
    print_table("faults injected", sorted(collections.Counter(fault.kind.name for fault in faults).items()))
    print_table("what clients saw", sorted(verdict.record.counts.items()))
    print_table("checked", sorted(verdict.checked.items()))
    for text in verdict.findings[:FINDINGS_MAX]:
        print(f"WRONG  {text}")
    print_table("five zeros", [(name, verdict.counts[name]) for name in (*ZEROS, OTHER)])


def main():
    arguments = read_arguments()
    place = make_place(arguments)
    faults = plan(arguments.seed, arguments.seconds, choose_kinds(arguments.only), place)
    print(f"seed {arguments.seed}: {len(faults)} faults in {arguments.seconds:.0f} s", flush=True)
    verdict = asyncio.run(run(arguments, place, faults))
    report(verdict, faults)
    return 1 if verdict.findings else 0


if __name__ == "__main__":
    sys.exit(main())
