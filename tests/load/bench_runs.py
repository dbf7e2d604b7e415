"""The measurements of the bench: each loads the copy that is up, and returns its figures as a dictionary.

What is compared is measured in turns, within seconds: the machine may be another one a minute later.
"""
import concurrent.futures
import dataclasses
import datetime
import json
import os
import pathlib
import secrets
import statistics
import subprocess
import sys
import time
import traceback

import bench_host
import bench_mail
import bench_system as system
import firstcome
import slow
from bench_host import Host
from crowd_process import Crowd, build_folder, load

# The same server, parser and writer as a booking: a file of 209 bytes, answered from memory.
BARE = "/icon.svg"
CONNECTIONS = (256, 1000, 4000)
# More than any measurement can sell.
UNITS = 20_000_000
# So many people are made for a second of a closed loop, unless it is known how many are enough: making them takes
# time before it begins.
PEOPLE_A_SECOND = 150_000
# People do not share connections: in open loops there are more of them than questions under way.
OPEN_LOOP_CONNECTIONS = 1000
LOGINS_A_SECOND = 20
FSYNCS = 500
MILLION = 1_000_000


@dataclasses.dataclass(frozen=True)
class Scale:
    """How long, and how many. The first is what docs/performance.md is made with."""
    seconds: int = 8
    rounds: int = 2
    rest_seconds: float = 8
    host_seconds: float = 180  # to wait at most, before a measurement, until the host takes nothing
    connections: tuple = CONNECTIONS
    rush_people: int = 100_000
    rush_connections: int = 10_000
    crowd_connections: int = 10_000
    other_campaigns: int = 100
    tickets: int = 1000
    confirmations: int = 50_000
    confirmed_seconds: float = 60  # after a whole campaign
    confirmed_people: int = 20
    bookings: int = 6 * MILLION
    bookings_seconds: int = 900
    core_bookings: int = 6 * MILLION
    ledger_bookings: int = MILLION


QUICK = Scale(
    seconds=2, rounds=1, rest_seconds=1.5, host_seconds=5, connections=(256, 1000), rush_people=5000,
    rush_connections=1000, crowd_connections=1000, other_campaigns=10, tickets=100, confirmations=1000,
    confirmed_seconds=5, confirmed_people=5, bookings=100_000, bookings_seconds=60, core_bookings=MILLION,
    ledger_bookings=MILLION // 10)


def tell(words):
    print(f"{datetime.datetime.now():%H:%M:%S}   {words}", file=sys.stderr, flush=True)


def a_second(found, column=0):
    """Of a column of the timeline (0 answered, 1 booked), without the first second and the last, which is not whole."""
    rows = found["timeline"][1:-1] or found["timeline"]
    return sum(row[column] for row in rows) / len(rows) / found["row_seconds"]


def quantiles(latency_us):
    """In milliseconds."""
    return {name: latency_us[name] / 1000 for name in ("p50", "p99", "p99.9", "max")}


def is_clean(found):
    return found["wrong"] == 0 and found["garbled"] == 0 and found.get("verdict", {}).get("clean", True)


def lost(found):
    """Questions that got no answer."""
    return found["unsent"] + found["unanswered"]


def fastest(found):
    return max(found, key=lambda each: each["rate"])


def new_run():
    """People of the generator whom nobody has seen yet, and who can be named again."""
    return secrets.randbelow((1 << 32) - 1) + 1


def figures_of(*command):
    """What a program prints: a name and a number in each line."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True,
                          env={**os.environ, "FIRSTCOME_DATABASE_URL": firstcome.SETTINGS["DATABASE_URL"]})
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


class Runs:
    """On one copy, one after the other. Later ones use what earlier ones have found.

    connections: how many are best for bookings, if that is known; 0 if not.
    """

    def __init__(self, scale, pictures, variant, connections):
        self.scale = scale
        self.known_connections = connections
        self.pictures = pathlib.Path(pictures)
        self.variant = variant
        self.people_a_second = PEOPLE_A_SECOND
        self.found = {}
        self.restless = []  # measurements after which the programs went on for long
        self.failed = []

    def run(self, name):
        """What goes wrong in one does not take the others along. Each says what the host took away ("taken"): of those
        of its loads whose figures are shown, the most; where it does not say so itself, in all of it."""
        tell(f"{name}: {getattr(self, name).__doc__.splitlines()[0]}")
        self.doing = name
        try:
            waited = bench_host.await_quiet(self.scale.host_seconds)
            if waited["seconds"] > 1:
                tell(f"    (waited {waited['seconds']:.0f} s for the host, which takes {waited['taken']:.0%} now)")
            with Host() as host:
                found = getattr(self, name)()
            self.found[name] = {"taken": host.taken} | found | {"waited": waited}
        except (Exception, SystemExit):
            traceback.print_exc()
            self.failed.append(name)
            return
        if self.found[name]["taken"] > bench_host.TAKEN_MAX:
            tell(f"    (the host took {self.found[name]['taken']:.0%} of the processors away)")

    def rest(self, campaign):
        """What one load leaves to do must not be counted with the next one."""
        if not system.await_quiet(campaign, self.scale.rest_seconds):
            self.restless.append(self.doing)
            tell("    (the programs still work at what it left to do)")

    def campaign(self, name, units=UNITS):
        return firstcome.new_campaign(f"bench-{name}", units=units)

    def picture(self, name):
        """Options of the generator; one way to sync is enough to look at."""
        return ("--picture", self.pictures / f"{name}.svg") if self.variant == "always" else ()

    def bare(self, connections):
        found = load("peak", "--get", BARE, "--connections", connections, "--seconds", self.scale.seconds)
        # A booking is not faster than this.
        self.people_a_second = min(self.people_a_second, 1.3 * a_second(found))
        return found

    def book(self, campaign, connections, *options, seconds=None):
        seconds = seconds or self.scale.seconds
        return load("peak", "--campaign", campaign, "--connections", connections, "--seconds", seconds, "--people",
                    int(self.people_a_second * seconds), *options)

    def peak_rate(self):
        """Bookings a second, as measured before or else now."""
        if "peak" not in self.found:
            doing = self.doing
            self.run("peak")
            self.doing = doing
        return self.found["peak"]["full"]["rate"]

    def best_connections(self):
        if self.known_connections > 0:
            return self.known_connections
        self.peak_rate()
        return self.found["peak"]["full"]["connections"]

    # ---- what the parts alone could do -----------------------------------------------------------------------

    def core(self):
        """the sequencer's core alone, replaying from memory"""
        figures = figures_of(f"{build_folder()}/tests/bench/core_bench", str(self.scale.core_bookings))
        tell(f"    {figures['decided_per_second']:,.0f} decisions/s")
        return figures

    def disk(self):
        """one fsync after the other, where the broker keeps its messages"""
        found = bench_host.fsync_ms(firstcome.HOME / "nats", FSYNCS)
        figures = {"p50": statistics.median(found), "p99": found[len(found) * 99 // 100], "max": found[-1]}
        tell(f"    {figures['p50']:.2f} ms (p50), {figures['p99']:.2f} ms (p99)")
        return {"count": len(found), "fsync_ms": figures}

    def ledger(self):
        """what a row costs PostgreSQL alone. Its tables are full of strangers afterwards"""
        firstcome.deploy("process_stop notifier-1 fulfiller-1")
        figures = figures_of(f"{build_folder()}/tests/bench/ledger_bench", str(self.scale.ledger_bookings))
        tell(f"    {figures['bookings_per_second']:,.0f} bookings/s")
        return figures

    # ---- how much --------------------------------------------------------------------------------------------

    def peak(self):
        """bookings against bare answers of the same server, closed loop, in turns"""
        campaign, rows = self.campaign("peak"), []
        for connections in self.scale.connections:
            bare, full = [], []
            for _ in range(self.scale.rounds):
                self.rest(campaign)
                bare.append(self.closed_loop(0, lambda n=connections: self.bare(n)))
                self.rest(campaign)
                full.append(self.closed_loop(1, lambda n=connections: self.book(campaign, n)))
            best = {"bare": fastest(bare), "full": fastest(full)}
            rows.append({"connections": connections, **best, "clean": all(found["clean"] for found in full),
                         "taken": max(found["taken"] for found in best.values()),
                         "lost": sum(found["lost"] for found in full)})
            tell(f"    {connections} connections: bare {best['bare']['rate']:,.0f}/s, "
                 f"bookings {best['full']['rate']:,.0f}/s")
        bare, full = fastest([row["bare"] for row in rows]), fastest([row["full"] for row in rows])
        beside = next(row["bare"] for row in rows if row["full"] is full)
        return {"rows": rows, "bare": bare, "full": full, "ratio": full["rate"] / bare["rate"],
                "ratio_by_processor": sum(bare["us"].values()) / sum(full["us"].values()),
                "bare_beside": beside, "ratio_beside": full["rate"] / beside["rate"],
                "taken": max(bare["taken"], full["taken"], beside["taken"])}

    @staticmethod
    def closed_loop(column, load_it):
        """column: of the timeline, that which is counted."""
        with Host() as host, system.Meter() as meter:
            found = load_it()
        us = meter.us_each(found[("answered", "booked")[column]]) | {"generator": found["processor_us_per_answer"]}
        return {"connections": found["connections"], "rate": a_second(found, column), "us": us,
                "latency_ms": quantiles(found["latency_us"]), "clean": is_clean(found), "lost": lost(found),
                "taken": host.taken}

    def reads(self):
        """counts and tickets against bare answers, closed loop, in turns"""
        campaign, connections = self.campaign("reads"), self.best_connections()
        self.book(campaign, connections, seconds=1)  # tickets are of decisions
        poll = ("poll", "--campaign", campaign, "--connections", connections, "--seconds", self.scale.seconds)
        found = {"connections": connections}
        for name, options in (("counts", ()), ("tickets", ("--tickets", self.scale.tickets))):
            with Host() as host:
                bare = a_second(self.bare(connections))
                with system.Meter() as meter:
                    polled = load(*poll, *options)
            rate = a_second(polled)
            found[name] = {"bare": bare, "rate": rate, "ratio": rate / bare, "us": meter.us_each(polled["answered"]),
                           "statuses": polled["statuses"], "taken": host.taken}
            tell(f"    {name}: {rate:,.0f}/s, bare {bare:,.0f}/s")
        return found | {"taken": max(found["counts"]["taken"], found["tickets"]["taken"])}

    # ---- how long --------------------------------------------------------------------------------------------

    def latency(self):
        """open loop at a quarter, a half and three quarters of the peak"""
        rows = []
        for share in (0.25, 0.5, 0.75):
            rate = max(round(share * self.peak_rate()), 1)
            campaign = self.campaign("latency", units=rate * self.scale.seconds * 5 // 4)
            picture = self.picture("half") if share == 0.5 else ()
            with Host() as host:
                found = load("rate", rate, "--campaign", campaign, "--connections", OPEN_LOOP_CONNECTIONS, "--seconds",
                             self.scale.seconds, *picture)
            rows.append({"share": share, "rate": rate, "latency_ms": quantiles(found["latency_us"]),
                         "service_ms": quantiles(found["service_us"]), "clean": is_clean(found), "lost": lost(found),
                         "taken": host.taken})
            latency = rows[-1]["latency_ms"]
            tell(f"    {rate:,}/s: p50 {latency['p50']:.1f} ms, p99 {latency['p99']:.1f} ms")
            self.rest(campaign)
        return {"connections": OPEN_LOOP_CONNECTIONS, "rows": rows, "taken": max(row["taken"] for row in rows)}

    def rush(self):
        """all at the opening: who waits for it presses within a second on the mean, or in the same millisecond"""
        people, rows = self.scale.rush_people, []
        connections = slow.connections_possible(self.scale.rush_connections)
        for spread_ms, picture in ((1000, self.picture("rush")), (1, ())):
            campaign = self.campaign("rush", units=people * 9 // 10)
            with Host() as host:
                found = load("rush", "--campaign", campaign, "--people", people, "--connections", connections,
                             "--spread", spread_ms, "--seconds", 60, "--patience", 10_000, *picture)
            rows.append({"spread_ms": spread_ms, "told_ms": quantiles(found["told_us"]), "booked": found["booked"],
                         "later": found["later"], "clean": is_clean(found), "lost": lost(found),
                         "taken": host.taken})
            tell(f"    {spread_ms} ms: everybody knew after {rows[-1]['told_ms']['max'] / 1000:.1f} s, p99 "
                 f"{rows[-1]['told_ms']['p99'] / 1000:.2f} s")
            self.rest(campaign)
        return {"people": people, "connections": connections, "rows": rows,
                "taken": max(row["taken"] for row in rows)}

    # ---- how steady ------------------------------------------------------------------------------------------

    def crowd(self):
        """many connections, half of them phones that ask every second"""
        campaign, best = self.campaign("crowd"), self.best_connections()
        half = slow.connections_possible(self.scale.crowd_connections // 2)
        alone = a_second(self.book(campaign, best), 1)
        self.rest(campaign)
        with Crowd("poll", "--campaign", campaign, "--connections", half, "--rate", half, "--seconds", 600) as phones, \
                system.Watch(campaign) as watch:
            time.sleep(2)  # until they are connected
            found = self.book(campaign, half)
            polls = phones.finish()
        self.rest(campaign)
        alone = max(alone, a_second(self.book(campaign, best), 1))  # before and after
        row = {"connections": 2 * half, "alone_connections": best, "alone": alone, "full": a_second(found, 1),
               "ratio": a_second(found, 1) / alone, "polls": polls["answered"] / polls["seconds"],
               "polls_ms": quantiles(polls["latency_us"]), "latency_ms": quantiles(found["latency_us"]),
               "clean": is_clean(found) and is_clean(polls), "lost": lost(found) + lost(polls),
               "ingress_bytes": max((look.ingress_bytes for look in watch.looks), default=0)}
        tell(f"    {row['full']:,.0f}/s beside {row['polls']:,.0f} polls/s; {alone:,.0f}/s alone")
        self.rest(campaign)
        return row

    def campaigns(self):
        """what a booking costs, alone, and with many other campaigns open"""
        campaign, connections, rows = self.campaign("alone"), self.best_connections(), []
        for others in (0, self.scale.other_campaigns):
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda n: self.campaign(f"other-{n}", units=1000), range(others)))
            # The cheapest: what costs more was the machine, or what an earlier load had left to do.
            costs = [self.cost(campaign, connections) for _ in range(self.scale.rounds)]
            rows.append({"others": others} | min(costs, key=lambda cost: cost["sum_us"]))
            tell(f"    {others} others: {rows[-1]['sum_us']:.1f} us a booking, {rows[-1]['rate']:,.0f}/s")
        return {"rows": rows, "growth": rows[1]["sum_us"] / rows[0]["sum_us"] - 1,
                "taken": max(row["taken"] for row in rows)}

    def cost(self, campaign, connections):
        """Of a booking, in processor time of all programs but the generator."""
        self.rest(campaign)
        with Host() as host, system.Meter() as meter:
            found = self.book(campaign, connections)
            self.rest(campaign)
        us = meter.us_each(found["booked"])
        return {"rate": a_second(found, 1), "us": us, "sum_us": sum(us.values()), "clean": is_clean(found),
                "taken": host.taken}

    # ---- codes and confirmations -----------------------------------------------------------------------------

    def logins(self):
        """codes by mail, read in the sandbox: as many as go, and a few"""
        seconds = max(self.scale.seconds, 3)
        with system.Meter() as meter:
            most = load("login", "--seconds", seconds)
        few = load("login", "--rate", LOGINS_A_SECOND, "--seconds", seconds)
        found = {"rate": most["logged_in"] / most["seconds"], "us": meter.us_each(most["logged_in"]),
                 "few_rate": LOGINS_A_SECOND, "few_ms": quantiles(few["code_us"]),
                 "few_done_ms": quantiles(few["told_us"]), "clean": is_clean(most) and is_clean(few),
                 "lost": lost(most) + lost(few)}
        tell(f"    {found['rate']:,.0f} logins/s; a code arrives after {found['few_ms']['p50']:.0f} ms (p50, few)")
        return found

    def confirmations(self):
        """mails about bookings: one person at a time; and as many as go, to a mail server that takes everything"""
        one_ms = self.confirmed_one_by_one()
        count, run = self.scale.confirmations, new_run()
        campaign = self.campaign("confirmed", units=count)
        with bench_mail.MailSink() as sink:
            bench_mail.give_mail_boxes(run, count)
            load("peak", "--campaign", campaign, "--people", count, "--run", run, "--seconds", 120)
            self.rest(campaign)
            with Host() as host, system.Meter() as meter:
                bench_mail.notifier_start()
                firstcome.await_true("the first mail", lambda: sink.counts()["mails"] > 0, 60)
                first, started = sink.counts()["mails"], time.monotonic()
                firstcome.await_true("all mails", lambda: sink.counts()["mails"] >= count, 600, 0.1)
                seconds = time.monotonic() - started
            counts = sink.counts()
        bench_mail.notifier_start()
        found = {"count": count, "rate": (count - first) / seconds, "us": meter.us_each(count), **counts,
                 "one_ms": one_ms, "taken": host.taken}
        tell(f"    {found['rate']:,.0f} mails/s; one alone after {one_ms['p50']:.0f} ms (p50)")
        return found

    def confirmed_one_by_one(self):
        """From the answer to the arrival of the mail, milliseconds."""
        campaign, waited = self.campaign("one-by-one"), []
        for _ in range(self.scale.confirmed_people):
            person = firstcome.Person()
            assert person.book(campaign).status == 201
            answered = time.time()
            mail = firstcome.await_message(person.contact, "booked", 60)
            arrived = datetime.datetime.fromisoformat(mail["at"].replace("Z", "+00:00")).timestamp()
            waited.append(max(arrived - answered, 0) * 1000)
        return {"p50": statistics.median(waited), "max": max(waited)}

    # ---- all of them -----------------------------------------------------------------------------------------

    def millions(self):
        """a whole campaign, sold as fast as it goes, to people who have a mail box"""
        bookings, connections, run = self.scale.bookings, self.best_connections(), new_run()
        campaign = self.campaign("millions", units=bookings)
        with bench_mail.MailSink() as sink:
            bench_mail.give_mail_boxes(run, bookings)
            bench_mail.notifier_start()
            self.rest(campaign)
            before = self.bytes_now()
            with system.Watch(campaign, lambda: sink.counts()["mails"]) as watch:
                with Host() as host:
                    found = self.book_all(campaign, connections, run)
                watch.await_ledger(600)
            after = self.bytes_now()
            confirmed = self.confirmed_afterwards(sink, bookings)
        looks = [look for look in watch.looks if look.sold > 0]
        decided = next((look for look in looks if look.sold >= bookings), looks[-1])
        persisted = next(look for look in looks if look.in_ledger_n >= decided.decided_n)
        used = system.difference(persisted.used, watch.looks[0].used)
        state = {name: system.streams()[f"{name}_{campaign}"] for name in ("REQ", "DEC")}
        result = {
            "bookings": bookings, "booked": found["booked"], "connections": connections,
            "seconds": found["seconds"], "rate": found["booked"] / found["seconds"],
            "persisted_after": max(persisted.at - decided.at, 0),
            "us": {name: value * 1e6 / bookings for name, value in used.items()} | {
                "generator": found["processor_us_per_answer"]},
            "growth": self.growth([look for look in looks if look.at <= decided.at], bookings),
            "latency_ms": quantiles(found["latency_us"]),
            "batch": found["booked"] / max(state["REQ"]["messages"], 1),
            "bytes": self.bytes_each(before, after, state, bookings),
            "ingress_bytes": max(look.ingress_bytes for look in watch.looks),
            "confirmed": {"decided": decided.mails} | confirmed, "twice": confirmed["twice"], "taken": host.taken,
            "clean": is_clean(found), "lost": lost(found), "audit": self.audit(campaign)}
        tell(f"    {result['rate']:,.0f}/s; all in the ledger {result['persisted_after']:.1f} s after the last; "
             f"{decided.mails:,} mails were out with it, then {confirmed['rate']:,.0f}/s")
        return result

    def book_all(self, campaign, connections, run):
        """Until everybody has asked."""
        return load("peak", "--campaign", campaign, "--people", self.scale.bookings, "--run", run, "--connections",
                    connections, "--seconds", self.scale.bookings_seconds, *self.picture("millions"))

    def confirmed_afterwards(self, sink, bookings):
        """How fast mails go when nobody books any more, for some time or until all are out."""
        first, started = sink.counts()["mails"], time.monotonic()
        end = started + self.scale.confirmed_seconds
        with Host() as host, system.Meter() as meter:
            while (counts := sink.counts())["mails"] < bookings and time.monotonic() < end:
                time.sleep(0.1)
            seconds = time.monotonic() - started
        sent = counts["mails"] - first
        return {**counts, "first": first, "seconds": seconds, "rate": sent / seconds, "us": meter.us_each(sent),
                "taken": host.taken}

    @staticmethod
    def bytes_now():
        return {"sequencer": system.resident_bytes("sequencer-1"), "standby": system.resident_bytes("sequencer-2"),
                "wal": system.wal_bytes(), "tables": system.table_bytes()}

    @staticmethod
    def bytes_each(before, after, state, bookings):
        """Of memory, of the streams, of PostgreSQL, by what it is."""
        tables = {f"table {name} and its indexes": size - before["tables"].get(name, 0)
                  for name, size in after["tables"].items()}
        sums = {"memory of a sequencer": after["sequencer"] - before["sequencer"],
                "memory of the other": after["standby"] - before["standby"],
                "stream of requests": state["REQ"]["bytes"], "stream of decisions": state["DEC"]["bytes"],
                **tables, "write-ahead log of PostgreSQL": after["wal"] - before["wal"]}
        return {name: size / bookings for name, size in sums.items() if size >= bookings / 10}

    @staticmethod
    def growth(looks, bookings):
        """What a booking costs all programs in the last sixth, against the first."""
        def cost(first, last):
            part = [look for look in looks if first * bookings <= look.sold <= last * bookings]
            if len(part) < 2 or part[-1].sold == part[0].sold:
                return None
            used = system.difference(part[-1].used, part[0].used)
            used = sum(seconds for name, seconds in used.items() if name != bench_mail.NAME)
            return used * 1e6 / (part[-1].sold - part[0].sold)
        first, last = cost(0, 1 / 6), cost(5 / 6, 1)
        return {"first_us": first, "last_us": last, "growth": last / first - 1} if first and last else None

    @staticmethod
    def audit(campaign):
        """Whether everything is as the rules say, decided a second time."""
        done = subprocess.run(
            [firstcome.ROOT / "deploy" / "firstcome", "audit", campaign, "--wait", "60", "-o", "json"],
            stdout=subprocess.PIPE, text=True, timeout=1800)
        return json.loads(done.stdout).get("clean", False)

    def replay(self):
        """both sequencers read everything again"""
        sys.path.insert(0, str(firstcome.ROOT / "tests" / "bench"))
        import replay
        found = []
        for name in ("sequencer-1", "sequencer-2"):
            firstcome.deploy(f"process_stop {name}; program_ensure {name}")
            firstcome.await_true(f"{name} is ready", lambda n=name: replay.seconds_to_ready(n) > 0, 600, 0.2)
            found.append(replay.seconds_to_ready(name))
        decisions = sum(state["messages"] for name, state in system.streams().items() if name.startswith("DEC_"))
        tell(f"    ready after {found[0]:.1f} and {found[1]:.1f} s")
        return {"seconds": found, "decisions": decisions}
