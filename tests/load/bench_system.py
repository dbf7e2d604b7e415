"""What a running copy uses: processor time, memory, bytes on the disk. And how far its parts have come."""
import collections
import http.client
import json
import os
import pathlib
import resource
import threading
import time
import urllib.parse
import urllib.request

import psycopg2

import firstcome

TICKS = os.sysconf("SC_CLK_TCK")
POSTGRES_ROLE = "firstcome_"  # what its programs are called in the database begins so
LOOK_SECONDS = 0.25
MONITOR = 1  # the port beside the broker's
GONE = (FileNotFoundError, ProcessLookupError)
# Processes beside the copy whose processor time is of interest: number by name.
beside = {}


def pid(name):
    return int((firstcome.HOME / "run" / f"{name}.pid").read_text())


def names():
    return sorted(path.stem for path in (firstcome.HOME / "run").glob("*.pid"))


def _ticks(number, with_children=False):
    """Used by a process, and by those of its children that have ended; 0 if it has ended itself."""
    try:
        fields = pathlib.Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
    except GONE:
        return 0
    return sum(map(int, fields[11:15 if with_children else 13]))


def _backends(postmaster):
    """(number, what it serves) of the processes of PostgreSQL."""
    for task in pathlib.Path(f"/proc/{postmaster}/task").iterdir():
        for child in (task / "children").read_text().split():
            try:
                words = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().decode().split()
            except GONE:
                continue
            is_client = len(words) > 1 and words[1].startswith(POSTGRES_ROLE)
            yield int(child), words[1].removeprefix(POSTGRES_ROLE) if is_client else "itself"


def processor_seconds():
    """Used since they were started, by program; both of a kind together."""
    used = {}
    for name in names():
        program = name.split("-")[0] if name.startswith("ingress") else name
        if name == "postgres":
            used["PostgreSQL itself"] = _ticks(pid(name), with_children=True) / TICKS
            for number, client in _backends(pid(name)):
                key = f"PostgreSQL {client}" if client == "itself" else f"PostgreSQL for the {client}"
                used[key] = used.get(key, 0) + _ticks(number) / TICKS
        else:
            used[program] = used.get(program, 0) + _ticks(pid(name)) / TICKS
    for name, number in beside.items():
        used[name] = _ticks(number) / TICKS
    return used


def difference(after, before):
    """A backend that ended meanwhile is counted with PostgreSQL itself."""
    return {name: max(after[name] - before.get(name, 0), 0) for name in after}


class Meter:
    """A context: the processor seconds that each program used in it."""

    def __enter__(self):
        self.before = processor_seconds()
        return self

    def __exit__(self, *_):
        self.seconds = difference(processor_seconds(), self.before)

    def us_each(self, count):
        """Microseconds for each of so many, by program."""
        return {name: used * 1e6 / max(count, 1) for name, used in self.seconds.items()}


def resident_bytes(name):
    pages = int(pathlib.Path(f"/proc/{pid(name)}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def ingress_resident_bytes():
    """Of the larger one."""
    return max(resident_bytes(name) for name in names() if name.startswith("ingress"))


def _monitor(path):
    url = urllib.parse.urlsplit(firstcome.SETTINGS["NATS_URL"])
    with urllib.request.urlopen(f"http://{url.hostname}:{url.port + MONITOR}/{path}", timeout=30) as answer:
        return json.load(answer)


def streams():
    """The state of each stream, by name: messages, bytes, last_seq, last_ts ..."""
    accounts = _monitor("jsz?accounts=1&streams=1").get("account_details", [])
    return {stream["name"]: stream["state"] for account in accounts for stream in account.get("stream_detail", [])}


def broker():
    """(version, whether it syncs each message)"""
    return _monitor("varz")["version"], _monitor("jsz")["config"].get("sync_always", False)


def table_bytes():
    """With their indexes; partitions are counted with what they are a part of."""
    rows = firstcome.query("""
        select coalesce(whole.relname, part.relname)::text, sum(pg_total_relation_size(part.oid))::bigint
        from pg_class part
        join pg_namespace on pg_namespace.oid = part.relnamespace and nspname = 'public'
        left join pg_inherits on inhrelid = part.oid
        left join pg_class whole on whole.oid = inhparent
        where part.relkind in ('r', 'p') group by 1""")
    return dict(rows)


def wal_bytes():
    """Ever written."""
    return int(firstcome.query("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")[0][0])


def sandbox_counts():
    """What the sandbox has delivered since its start."""
    return firstcome.http_call("GET", f"{firstcome.SANDBOX_URL}/counts").json


def database_version():
    return firstcome.query("show server_version")[0][0]


# at: seconds since the watch began; used: processor seconds by program, since they were started.
Look = collections.namedtuple("Look", "at sold decided_n in_ledger_n used ingress_bytes mails")


class Watch(threading.Thread):
    """A context: looks at a campaign, at the ledger and at the programs while something goes on. mails: says how many
    have arrived."""

    def __init__(self, campaign, mails=lambda: 0):
        super().__init__(daemon=True)
        self.campaign = campaign
        self.mails = mails
        self.looks = []
        self.stopping = threading.Event()

    def __enter__(self):
        self.started = time.monotonic()
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join()

    def run(self):
        while not self.stopping.wait(LOOK_SECONDS):
            try:
                self._look()
            except (OSError, http.client.HTTPException):
                pass  # too busy to answer: the next look will do

    def _look(self):
        counts = firstcome.api("GET", f"/v1/campaigns/{self.campaign}/availability")
        if counts.status == 200:
            self.looks.append(Look(
                time.monotonic() - self.started, counts.json["sold"], counts.json["as_of"], in_ledger(self.campaign),
                processor_seconds(), ingress_resident_bytes(), self.mails()))

    def await_ledger(self, seconds):
        """Until all that is decided is in the ledger, as seen after this call."""
        seen = len(self.looks)
        firstcome.await_true("all that is decided is in the ledger", lambda: len(self.looks) > seen and
                             self.looks[-1].in_ledger_n >= self.looks[-1].decided_n, seconds)


def copy_contacts(rows):
    """rows: a file of them, for COPY. The server has digested them when this returns: what follows shall not have to
    vacuum them, nor to write them to the disk at a checkpoint. Only the superuser may ask for one."""
    connection = psycopg2.connect(firstcome.deploy("postgres_url postgres").strip())
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.copy_expert(
            "copy contacts (identity, account, channel, contact, locale, verified_at) from stdin", rows)
        cursor.execute("vacuum (analyze) contacts")
        cursor.execute("checkpoint")
    connection.close()


def in_ledger(campaign):
    """The last decision that is."""
    rows = firstcome.query("select decided_n from campaigns where id = %s", campaign)
    return rows[0][0] if rows else 0


def _load_average():
    """How many processors the programs keep busy, over half a second."""
    before = processor_seconds()
    time.sleep(0.5)
    return sum(difference(processor_seconds(), before).values()) / 0.5


def await_quiet(campaign, seconds=20.0):
    """Until the ledger has caught up, and the programs do next to nothing. False if they go on for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        counts = firstcome.api("GET", f"/v1/campaigns/{campaign}/availability")
        if counts.status == 200 and in_ledger(campaign) >= counts.json["as_of"] and _load_average() < 0.1:
            return True
    return False
