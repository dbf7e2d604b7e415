"""docs/performance.md, from what the bench has found."""
import bench_limits
from bench_host import TAKEN_MAX
from bench_words import (
    ALWAYS, DEFAULT, KIB, MIB, MILLISECONDS, RECOVERY, SYNCS, headings_ms, in_ms, is_spoiled, part, percent, section_of,
    share, table, taken_in, whole)


# ---- the goals -------------------------------------------------------------------------------------------


class Goal:
    """value: of what was found, or None. limit: the most, or the least, that is good. taken: what the host took away
    while it was measured."""

    def __init__(self, words, value, limit, shown, taken=None, at_least=False, floor=None):
        self.words, self.value, self.limit, self.shown, self.taken = words, value, limit, shown, taken
        self.at_least, self.floor = at_least, floor

    def is_met(self, limit):
        return self.value >= limit if self.at_least else self.value <= limit

    def verdict(self):
        word = "**not met**"
        if self.is_met(self.limit):
            word = "met"
        elif self.floor is not None and self.is_met(self.floor):
            word = f"**not met**, but above the floor of {self.shown(self.floor)}"
        return f"{word}; **spoiled by the host**" if is_spoiled(self.taken) else word

    def row(self):
        sign = "≥" if self.at_least else "≤"
        limit = f"{sign} {self.shown(self.limit)}"
        return self.words, limit, self.shown(self.value), share(self.taken), self.verdict()


# Milliseconds: half of the people, 99 %, 99.9 %.
LATENCY_GOALS = (2, 8, 30)


def ratio(value):
    return f"{value:.2f} ×"


def seconds(value):
    return f"{value:.2f} s"


def milliseconds(value):
    return f"{value:.1f} ms"


def at_half(found):
    rows = part(found, ALWAYS, "latency", "rows") or []
    return next((row for row in rows if row["share"] == 0.5), None)


def ingress_excess(found):
    """Bytes of an ingress for each of its connections beyond 64 MB. Two share them."""
    crowd = part(found, ALWAYS, "crowd")
    return crowd and max(crowd["ingress_bytes"] - 64 * MIB, 0) / (crowd["connections"] / 2)


def goals(found):
    half = at_half(found)
    rush = part(found, ALWAYS, "rush", "rows")
    replay = part(found, ALWAYS, "replay", "seconds")
    growth = part(found, ALWAYS, "millions", "growth")
    kills = [part(found, RECOVERY, fault, "decision_ms", "p99") for fault in ("kills", "freezes")]

    def goal(sync, name, words, value, limit, shown, **more):
        return Goal(words, value, limit, shown, taken_in(found, sync, name), **more)

    def at_best(sync):
        return f"{part(found, sync, 'peak', 'full', 'connections') or 0:,} connections"

    rows = [
        goal(DEFAULT, "peak", "a booking against a bare answer, the broker syncing by its default",
             part(found, DEFAULT, "peak", "ratio"), 0.75, ratio, at_least=True),
        goal(DEFAULT, "peak", f"the same, if both have the bookings' {at_best(DEFAULT)}",
             part(found, DEFAULT, "peak", "ratio_beside"), 0.75, ratio, at_least=True),
        goal(ALWAYS, "peak", "a booking against a bare answer, each message synced",
             part(found, ALWAYS, "peak", "ratio"), 0.6, ratio, at_least=True),
        goal(ALWAYS, "peak", f"the same, if both have the bookings' {at_best(ALWAYS)}",
             part(found, ALWAYS, "peak", "ratio_beside"), 0.6, ratio, at_least=True),
        *(goal(sync, "millions", f"a whole campaign, bookings a second ({SYNCS[sync]})",
               part(found, sync, "millions", "rate"), 100_000, whole, at_least=True, floor=80_000) for sync in SYNCS),
        *(goal(sync, "millions", f"all rows in PostgreSQL after the last decision ({SYNCS[sync]})",
               part(found, sync, "millions", "persisted_after"), 5, seconds) for sync in SYNCS),
        *(Goal(f"time to the answer at half of the peak, open loop, {name}", part(half, "latency_ms", name), limit,
               milliseconds, part(half, "taken")) for name, limit in zip(MILLISECONDS, LATENCY_GOALS)),
        goal(ALWAYS, "rush", "everybody waits for the opening: from the wish until one knows, p99",
             rush and rush[0]["told_ms"]["p99"], 1000, milliseconds),
        goal(ALWAYS, "reads", "reading counts against a bare answer", part(found, ALWAYS, "reads", "counts", "ratio"),
             0.8, ratio, at_least=True),
        goal(ALWAYS, "reads", "reading counts and tickets in turns against it",
             part(found, ALWAYS, "reads", "tickets", "ratio"), 0.8, ratio, at_least=True),
        goal(ALWAYS, "core", "decisions a second of the core alone", part(found, ALWAYS, "core", "decided_per_second"),
             5_000_000, whole, at_least=True),
        goal(ALWAYS, "replay", "a sequencer reads the whole campaign again", replay and max(replay), 5, seconds),
        goal(ALWAYS, "millions", "a booking costs more at the end of a campaign than at its beginning",
             growth and growth["growth"], 0.1, percent),
        goal(ALWAYS, "campaigns", "a booking costs more beside many other campaigns",
             part(found, ALWAYS, "campaigns", "growth"), 0.1, percent),
        goal(ALWAYS, "millions", "memory of a sequencer for a booking, bytes",
             part(found, ALWAYS, "millions", "bytes", "memory of a sequencer"), 64, whole),
        goal(ALWAYS, "crowd", "memory of an ingress beyond 64 MB, for a connection, bytes", ingress_excess(found),
             2 * KIB, whole),
        goal(ALWAYS, "crowd", "bookings on many connections, half of them phones that poll, against the peak",
             part(found, ALWAYS, "crowd", "ratio"), 0.85, ratio, at_least=True),
        *(Goal(f"until somebody decides again after the active sequencer {word}, p99", value, 500, milliseconds,
               part(found, RECOVERY, "taken")) for word, value in zip(("was killed", "froze"), kills)),
    ]
    return [row for row in rows if row.value is not None]


def unclean(found):
    """Names of the measurements in which something was told that cannot be true, or got no answer."""
    names = []
    for sync in SYNCS:
        for name, figures in (found.get(sync) or {}).items():
            rows = figures.get("rows", [figures]) if isinstance(figures, dict) else []
            if any(not row.get("clean", True) or row.get("lost", 0) > 0 or row.get("twice", 0) > 0 or
                   not row.get("audit", True) for row in rows):
                names.append(section_of(sync, name))
    if not part(found, RECOVERY, "promise_held") and RECOVERY in found:
        names.append(RECOVERY)
    return names


def spoiled(found):
    """Names of the measurements from which the host took too much."""
    return [section_of(sync, name) for sync, name, figures in measurements(found) if is_spoiled(figures.get("taken"))]


def measurements(found):
    """(how often the broker syncs, name, figures) of all that were made."""
    for sync in SYNCS:
        for name, figures in (found.get(sync) or {}).items():
            if isinstance(figures, dict) and "taken" in figures:
                yield sync, name, figures
    if RECOVERY in found:
        yield None, RECOVERY, found[RECOVERY]


def failed(found):
    """Names of the measurements that could not be made."""
    return [section_of(sync, name) for sync in SYNCS for name in part(found, sync, "failed") or []]


# ---- sections --------------------------------------------------------------------------------------------

TAKEN = "taken by the host"


def frame(facts):
    machine = table(("", ""), facts.items()).replace("---:", "---")
    return f"""# Performance

Written by `tests/load/bench`, which brings up copies of its own on the machine below, measures them, and takes them
down again; this page is not edited by hand. All programs, the broker, the database, the sandbox and the load
generator share these processors. So what counts is what is compared *within* this run: a booking against a bare
answer of the same server, the end of a campaign against its beginning. `tests/load/README.md` says how the
generator's figures are to be read.

{machine}
"""


def goals_section(found):
    rows = [goal.row() for goal in goals(found)]
    wrong = unclean(found)
    words = f"**Not everything was in order in: {', '.join(wrong)}.**" if wrong else (
        "In all of these runs everybody who asked got an answer, nobody was told what cannot be true, and nobody was "
        "told twice.")
    if missing := failed(found):
        words += f" **Not measured, because something went wrong: {', '.join(missing)}.**"
    robbed = spoiled(found)
    words += "\n\n" + (
        f"**Spoiled**, because the host took more than {percent(TAKEN_MAX)} of the processor time that the programs "
        f"here wanted (what of it, [below](#how-it-is-measured)): {', '.join(robbed)}. Times and rates are better than "
        "they look there, and ratios may be anything." if robbed else
        f"Of no measurement the host took more than {percent(TAKEN_MAX)} of the processor time.")
    return f"""## Goals

{table(("", "goal", "seen", TAKEN, ""), rows)}

{words}
"""


def peak_section(found):
    rows, best = [], []
    for sync in SYNCS:
        peak = part(found, sync, "peak")
        for row in peak["rows"] if peak else ():
            bare, full = row["bare"], row["full"]
            rows.append((f"{row['connections']:,}, {SYNCS[sync]}", whole(bare["rate"]), whole(full["rate"]),
                         f"{full['rate'] / bare['rate']:.2f}", *in_ms(full["latency_ms"]), share(row.get("taken"))))
        if peak:
            bare, full = peak["bare"], peak["full"]
            best.append(
                f"- {SYNCS[sync]}: {full['rate']:,.0f} bookings/s ({full['connections']:,} connections) against "
                f"{bare['rate']:,.0f} bare answers/s ({bare['connections']:,}), **{peak['ratio']:.2f} ×**; by the "
                f"processor time of all programs {peak['ratio_by_processor']:.2f} ×")
    newline = "\n"
    return rows and f"""## How much

A closed loop: each connection asks again as soon as it has its answer, as fast as it goes. A bare answer is
`GET /icon.svg`: 209 bytes from memory, through the same listener, parser, admission, router and writer as a booking,
in both ingress processes. Bookings and bare answers take turns; the best of each is compared.

{table(("connections", "bare answers/s", "bookings/s", "ratio", *headings_ms(MILLISECONDS), TAKEN), rows)}

{newline.join(best)}
"""


def costs_section(found):
    columns = {}
    for sync in SYNCS:
        if us := part(found, sync, "peak", "bare", "us"):
            columns[f"bare answer, {SYNCS[sync]}"] = us
            columns[f"peak, {SYNCS[sync]}"] = found[sync]["peak"]["full"]["us"]
        if us := part(found, sync, "millions", "us"):
            columns[f"whole campaign, {SYNCS[sync]}"] = us
    if not columns:
        return ""
    most = {name: max(us.get(name, 0) for us in columns.values()) for us in columns.values() for name in us}
    rows = [(name, *(f"{us.get(name, 0):.1f}" for us in columns.values()))
            for name in sorted(most, key=lambda name: -most[name]) if most[name] >= 0.05]
    rows.append(("all", *(f"{sum(us.values()):.1f}" for us in columns.values())))
    return f"""## What a booking costs

Microseconds of processor time (user and system) for each booking, by program; both ingresses together. Two
processors have two million of them a second. In the whole campaign what is written to the ledger after the last
answer is counted too. The people of the whole campaign have mail boxes, and the notifier works beside it; those of the
peak have none.

{table(("", *columns), rows)}
"""


def latency_section(found):
    names = (*MILLISECONDS, "max")
    rows = [(f"{row['share'] * 100:.0f} %, {SYNCS[sync]}", whole(row["rate"]), *in_ms(row["latency_ms"], names),
             f"{row['service_ms']['p99']:.1f}", share(row.get("taken")))
            for sync in SYNCS for row in part(found, sync, "latency", "rows") or []]
    connections = part(found, ALWAYS, "latency", "connections") or part(found, DEFAULT, "latency", "connections")
    return rows and f"""## How long

An open loop: so many people ask in each second, whatever the answers do. The time counts from the moment at which
one was meant to ask, over {connections:,} connections; "from sent" counts from the sending.

{table(("of the peak", "bookings/s", *headings_ms(names), "p99 from sent, ms", TAKEN), rows)}

![At half of the peak](pictures/half.svg)
"""


def rush_section(found):
    rush = part(found, ALWAYS, "rush")
    if not rush:
        return ""
    words = {1000: "press within a second, on the mean", 1: "press in the same millisecond"}
    names = (*MILLISECONDS, "max")
    rows = [(words[row["spread_ms"]], whole(row["booked"]), whole(row["later"]),
             *(f"{row['told_ms'][name] / 1000:.2f}" for name in names), share(row.get("taken")))
            for row in rush["rows"]]
    return f"""## The rush

{rush['people']:,} people wait for the opening, over {rush['connections']:,} connections; a tenth of them must leave
with nothing, one in ten presses twice, and whoever is told to come back later does so. The time is that from a
person's first wish until he knows how it ended, second tries and all.

{table(("they", "booked", "told to come later", *(f"{name} s" for name in names), TAKEN), rows)}

![The rush](pictures/rush.svg)
"""


def reads_section(found):
    reads = part(found, ALWAYS, "reads")
    if not reads:
        return ""
    words = {"counts": "counts (`/availability`, with If-None-Match)", "tickets": "counts and tickets, in turns"}
    rows = [(words[name], whole(reads[name]["rate"]), whole(reads[name]["bare"]), f"{reads[name]['ratio']:.2f}",
             f"{reads[name]['us'].get('ingress', 0):.1f}", share(reads[name].get("taken"))) for name in words]
    return f"""## Reading

A closed loop over {reads['connections']:,} connections, in turns with bare answers.

{table(("", "reads/s", "bare answers/s", "ratio", "us of the ingresses each", TAKEN), rows)}
"""


# What is told of a whole campaign, a line each.
CAMPAIGN_LINES = {
    "bookings/s, from the first question to the last answer": lambda run: whole(run["rate"]),
    "decided after, s": lambda run: f"{run['seconds']:.1f}",
    "all in PostgreSQL so long after the last decision, s, to 0.25": lambda run: f"{run['persisted_after']:.2f}",
    "bookings in a batch, on the mean": lambda run: whole(run["batch"]),
    **{f"time to the answer, closed loop, {name}, ms": lambda run, name=name: f"{run['latency_ms'][name]:.1f}"
       for name in MILLISECONDS},
    "us of all programs for a booking, in the first sixth": lambda run: growth_of(run, "first_us"),
    "us of all programs for a booking, in the last sixth": lambda run: growth_of(run, "last_us"),
    "an ingress at its largest, MB": lambda run: whole(run["ingress_bytes"] / MIB),
    "oversold, undersold, out of order, lost, twice": lambda run: "0, by the audit" if run["audit"] else
                                                      "**see the audit**",
    TAKEN: lambda run: share(run.get("taken")),
}
# And of its confirmations.
CONFIRMED_LINES = {
    "were out when the last booking was decided": lambda run, mails: whole(mails["decided"]),
    "a second while people booked": lambda run, mails: whole(mails["decided"] / run["seconds"]),
    "a second afterwards": lambda run, mails: whole(mails["rate"]),
    "us of the notifier for each, afterwards": lambda run, mails: f"{mails['us'].get('notifier-1', 0):,.0f}",
    "us of all programs for each, afterwards, without the mail server": lambda run, mails:
        whole(apart(mails["us"], MAIL_SINK)[1]),
    "so all are out so long after the last decision, min": lambda run, mails: confirmed_minutes(run),
    "with a Message-ID that had come before": lambda run, mails: whole(mails["twice"]),
    f"{TAKEN}, afterwards": lambda run, mails: share(mails["taken"]),
}
MAIL_SINK = "mail sink"


def confirmed_minutes(run):
    """Of the rate that was seen afterwards, if it stays so."""
    mails = run["confirmed"]
    left = run["bookings"] - mails["mails"]
    if left > 0 and mails["rate"] <= 0:
        return "?"
    waited = run["persisted_after"] + mails["seconds"]
    return f"{(waited + (left / mails['rate'] if left > 0 else 0)) / 60:.1f}"


def millions_section(found):
    runs = {sync: part(found, sync, "millions") for sync in SYNCS if part(found, sync, "millions")}
    if not runs:
        return ""
    first = next(iter(runs.values()))
    headings = ("", *(SYNCS[sync] for sync in runs))
    rows = [(words, *(value(run) for run in runs.values())) for words, value in CAMPAIGN_LINES.items()]
    names = sorted({name for run in runs.values() for name in run["bytes"]})
    sizes = [(name, *(f"{run['bytes'].get(name, 0):.1f}" for run in runs.values())) for name in names]
    return f"""## A whole campaign

{first['bookings']:,} bookings of as many people, on a fresh copy, as fast as it goes over {first['connections']:,}
connections. The audit decides everything a second time, and compares streams and ledger.

{table(headings, rows)}

{confirmed_words(runs, headings)}
Bytes for each booking:

{table(headings, sizes)}

![A whole campaign](pictures/millions.svg)
"""


def growth_of(run, name):
    return f"{run['growth'][name]:.1f}" if run["growth"] else "?"


def confirmed_words(runs, headings):
    mails = {sync: run.get("confirmed") for sync, run in runs.items()}
    if not all(mails.values()):
        return ""
    rows = [(words, *(value(run, mails[sync]) for sync, run in runs.items()))
            for words, value in CONFIRMED_LINES.items()]
    longest = max(each["seconds"] for each in mails.values())
    return f"""Each of these people has an email address, and is owed a confirmation. They go to a mail server that
takes everything at once (`tests/load/mail_sink.c`). After the last row was written they were watched for
{longest:.0f} s, and not until all were out. Confirmations that

{table(headings, rows)}
"""


def steady_section(found):
    crowd, campaigns = part(found, ALWAYS, "crowd"), part(found, ALWAYS, "campaigns")
    parts = []
    if crowd:
        polls = crowd["polls_ms"]
        parts.append(f"""{crowd['connections']:,} connections at once: half of them book in a closed loop, half are
phones that ask for the counts once a second. {crowd['full']:,.0f} bookings/s beside {crowd['polls']:,.0f} polls/s,
against {crowd['alone']:,.0f} bookings/s on {crowd['alone_connections']:,} connections alone:
**{crowd['ratio']:.2f} ×**. A poll took {polls['p50']:.1f} ms (p50) and {polls['p99']:.1f} ms (p99). An ingress was
{crowd['ingress_bytes'] / MIB:.0f} MB large. The host took {share(crowd.get('taken'))} away.
""")
    if campaigns:
        rows = [(f"{row['others']}", whole(row["rate"]), f"{row['sum_us']:.1f}", share(row.get("taken")))
                for row in campaigns["rows"]]
        parts.append(f"""Other campaigns that are open and have no load; the generator is not counted:

{table(("others", "bookings/s", "us of all programs for a booking", TAKEN), rows)}
""")
    return parts and "## How steady\n\n" + "\n".join(parts)


def mail_section(found):
    logins, confirmed = part(found, ALWAYS, "logins"), part(found, ALWAYS, "confirmations")
    parts = []
    if logins:
        sandbox, others = apart(logins["us"], "sandbox")
        parts.append(f"""People who ask for a code, read it in their mail box and log in with it: {logins['rate']:,.0f}
a second at the most, 32 at once. With {logins['few_rate']} a second a code arrives after
{logins['few_ms']['p50']:.0f} ms (p50; p99 {logins['few_ms']['p99']:.0f}), and one is logged in after
{logins['few_done_ms']['p50']:.0f} ms. For each login the sandbox, which is every mail box here, took
{sandbox:,.0f} us, and all other programs {others:,.0f}. The host took {share(logins.get('taken'))} away.
""")
    if confirmed:
        sink, others = apart(confirmed["us"], MAIL_SINK)
        alone = confirmed["one_ms"]
        parts.append(f"""Confirmations: {confirmed['count']:,} that were due at once were with a mail server that takes
everything (`tests/load/mail_sink.c`) at {confirmed['rate']:,.0f} a second; {confirmed['mails']:,} arrived,
{confirmed['twice']} of them twice. For each, that server took {sink:,.0f} us, the notifier
{confirmed['us'].get('notifier-1', 0):,.0f}, all programs but that server {others:,.0f}. The host took
{share(confirmed.get('taken'))} away. When nothing else is due, the mail is with the sandbox {alone['p50']:.0f} ms
after the answer (half of the people; at the latest {alone['max']:.0f} ms).
""")
    return parts and "## Codes and confirmations\n\n" + "\n".join(parts)


def apart(us, name):
    """The time of one program, and that of all others."""
    return us.get(name, 0), sum(us.values()) - us.get(name, 0)


def recovery_section(found):
    recovery, replay = part(found, RECOVERY), part(found, ALWAYS, "replay")
    core = part(found, ALWAYS, "core")
    parts = []
    if recovery:
        names = ("p50", "p99", "max")
        rows = [(f"{word}, {recovery[key]['count']} times: until {what}",
                 *(f"{recovery[key][f'{figure}_ms'][name]:.0f}" for name in names))
                for key, word in (("kills", "killed"), ("freezes", "frozen")) if key in recovery
                for figure, what in (("decision", "the next decision"), ("answer", "the answer"))]
        parts.append(f"""The active sequencer fails under {recovery['rate']} requests a second
(`tests/bench/failover.py`): until somebody decides again, and the longest that anybody waited for an answer. Few
repetitions; `docs/reliability.md` has more.

{table(("", *headings_ms(names)), rows)}
""")
    if replay:
        times = " and ".join(f"{value:.1f}" for value in replay["seconds"])
        parts.append(f"""A sequencer that is restarted after the whole campaign reads {replay['decisions']:,} requests
and decisions again, decides all of them, compares, and is ready after {times} s (the one, then the other).
""")
    if core:
        spent = ", ".join(f"{name.removesuffix('_ns')} {value:.0f}" for name, value in core.items()
                          if name.endswith("_ns"))
        parts.append(f"""From memory alone, one processor decides {core['decided_per_second']:,.0f} bookings a second
(nanoseconds each: {spent}); a booking takes {core['bytes_per_booking']:.1f} bytes (`tests/bench/core_bench.c`).
The host took {share(core.get('taken'))} away.
""")
    return parts and "## When something fails\n\n" + "\n".join(parts)


def method_section(found):
    restless = sorted({name for sync in SYNCS for name in part(found, sync, "restless") or []})
    words = f"""
Before some of the loads of these the programs still worked at what the one before had left to do, so they may look
worse than they are: {', '.join(restless)}.
""" if restless else ""
    return f"""## How it is measured

- Each copy is fresh: an empty broker, an empty database, the release build. Between two loads the bench waits some
  seconds, until the ledger has caught up and the programs are at rest.
- The generator checks all that it is told, and must not be short of processor time itself: it gets the priority of
  the machines which a crowd brings along (`tests/load/crowd_process.py`). Its own cost is in the tables.
- Rates leave out the first second and the last. Percentiles are of all answers, to 1.6 %.
- Processor time is what the kernel counts for each process, in hundredths of a second.
- All is on loopback: no network, no TLS, and no proxy in front.
- The host of a virtual machine may give its processors to others. What it took away is told beside the figures, as a
  share of the processor time that all programs here wanted meanwhile. Before each measurement the bench keeps all
  processors busy for two seconds to see what is taken, and waits some minutes for a better time; then it measures.
{words}
{host_table(found)}
Again: `tests/load/bench`; `tests/load/bench --quick --output FOLDER` is a look that takes some minutes.
"""


def host_table(found):
    """What the host took before each measurement, and from it."""
    rows = [(section_of(sync, name), f"{figures['waited']['seconds']:.0f}", share(figures["waited"]["taken"]),
             share(figures.get("taken")), "**spoiled**" if is_spoiled(figures.get("taken")) else "")
            for sync, name, figures in measurements(found)]
    return rows and table(("measurement", "waited, s", "then the host took", "it took meanwhile", ""), rows) + "\n"


def page(found, facts):
    processors = int(facts.get("processors", "1").split(",")[0])
    sections = [frame(facts), goals_section(found), bench_limits.section(found, processors, LATENCY_GOALS),
                peak_section(found), costs_section(found), latency_section(found), rush_section(found),
                reads_section(found), millions_section(found), steady_section(found), mail_section(found),
                recovery_section(found), method_section(found)]
    return "\n".join(section.rstrip() + "\n" for section in sections if section)
