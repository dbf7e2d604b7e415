"""docs/performance.md, from what the bench has found."""

MILLISECONDS = ("p50", "p99", "p99.9")
# Parts of what has been found: "always" and "default" are how often the broker syncs.
ALWAYS, DEFAULT = "always", "default"
SYNCS = {ALWAYS: "each message is synced", DEFAULT: "the broker's default"}
KIB, MIB = 1 << 10, 1 << 20


def table(headings, rows):
    """Markdown; the first column is words, the others are numbers."""
    lines = [headings, ["---"] + ["---:"] * (len(headings) - 1), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def whole(number):
    return f"{number:,.0f}"


def part(found, *path):
    """found[...][...], or None if it was not measured."""
    for key in path:
        if found is None or key not in found:
            return None
        found = found[key]
    return found


def headings_ms(names):
    return tuple(f"{name} ms" for name in names)


def in_ms(latency_ms, names=MILLISECONDS):
    return tuple(f"{latency_ms[name]:.1f}" for name in names)


# ---- the goals -------------------------------------------------------------------------------------------


class Goal:
    """value: of what was found, or None. limit: the most, or the least, that is good."""

    def __init__(self, words, value, limit, shown, at_least=False, floor=None):
        self.words, self.value, self.limit, self.shown = words, value, limit, shown
        self.at_least, self.floor = at_least, floor

    def is_met(self, limit):
        return self.value >= limit if self.at_least else self.value <= limit

    def verdict(self):
        if self.is_met(self.limit):
            return "met"
        if self.floor is not None and self.is_met(self.floor):
            return f"**not met**, but above the floor of {self.shown(self.floor)}"
        return "**not met**"

    def row(self):
        word = "≥" if self.at_least else "≤"
        return self.words, f"{word} {self.shown(self.limit)}", self.shown(self.value), self.verdict()


def ratio(value):
    return f"{value:.2f} ×"


def percent(value):
    return f"{value * 100:.0f} %"


def seconds(value):
    return f"{value:.2f} s"


def milliseconds(value):
    return f"{value:.1f} ms"


def at_half(found):
    rows = part(found, ALWAYS, "latency", "rows") or []
    return next((row["latency_ms"] for row in rows if row["share"] == 0.5), {})


def ingress_excess(found):
    """Bytes of an ingress for each of its connections beyond 64 MB. Two share them."""
    crowd = part(found, ALWAYS, "crowd")
    return crowd and max(crowd["ingress_bytes"] - 64 * MIB, 0) / (crowd["connections"] / 2)


def goals(found):
    half = at_half(found)
    rush = part(found, ALWAYS, "rush", "rows")
    replay = part(found, ALWAYS, "replay", "seconds")
    growth = part(found, ALWAYS, "millions", "growth")
    kills = [part(found, "recovery", fault, "decision_ms", "p99") for fault in ("kills", "freezes")]
    rows = [
        Goal("a booking against a bare answer, the broker syncing by its default",
             part(found, DEFAULT, "peak", "ratio"), 0.75, ratio, at_least=True),
        Goal("the same, each message synced", part(found, ALWAYS, "peak", "ratio"), 0.6, ratio, at_least=True),
        *(Goal(f"a whole campaign, bookings a second ({SYNCS[sync]})", part(found, sync, "millions", "rate"), 100_000,
               whole, at_least=True, floor=80_000) for sync in SYNCS),
        *(Goal(f"all rows in PostgreSQL after the last decision ({SYNCS[sync]})",
               part(found, sync, "millions", "persisted_after"), 5, seconds) for sync in SYNCS),
        *(Goal(f"time to the answer at half of the peak, open loop, {name}", half.get(name), limit, milliseconds)
          for name, limit in zip(MILLISECONDS, (2, 8, 30))),
        Goal("everybody waits for the opening: from the wish until one knows, p99",
             rush and rush[0]["told_ms"]["p99"], 1000, milliseconds),
        Goal("reading counts against a bare answer", part(found, ALWAYS, "reads", "counts", "ratio"), 0.8, ratio,
             at_least=True),
        Goal("reading counts and tickets in turns against it", part(found, ALWAYS, "reads", "tickets", "ratio"), 0.8,
             ratio, at_least=True),
        Goal("decisions a second of the core alone", part(found, ALWAYS, "core", "decided_per_second"), 5_000_000,
             whole, at_least=True),
        Goal("a sequencer reads the whole campaign again", replay and max(replay), 5, seconds),
        Goal("a booking costs more at the end of a campaign than at its beginning", growth and growth["growth"], 0.1,
             percent),
        Goal("a booking costs more beside many other campaigns", part(found, ALWAYS, "campaigns", "growth"), 0.1,
             percent),
        Goal("memory of a sequencer for a booking, bytes",
             part(found, ALWAYS, "millions", "bytes", "memory of a sequencer"), 64, whole),
        Goal("memory of an ingress beyond 64 MB, for a connection, bytes", ingress_excess(found), 2 * KIB, whole),
        Goal("bookings on many connections, half of them phones that poll, against the peak",
             part(found, ALWAYS, "crowd", "ratio"), 0.85, ratio, at_least=True),
        *(Goal(f"until somebody decides again after the active sequencer {word}, p99", value, 500, milliseconds)
          for word, value in zip(("was killed", "froze"), kills)),
    ]
    return [goal for goal in rows if goal.value is not None]


def unclean(found):
    """Names of the measurements in which something was told that cannot be true, or got no answer."""
    names = []
    for sync in SYNCS:
        for name, figures in (found.get(sync) or {}).items():
            rows = figures.get("rows", [figures]) if isinstance(figures, dict) else []
            if any(not row.get("clean", True) or row.get("lost", 0) > 0 or row.get("twice", 0) > 0 or
                   not row.get("audit", True) for row in rows):
                names.append(f"{name} ({SYNCS[sync]})")
    if not part(found, "recovery", "promise_held") and "recovery" in found:
        names.append("recovery")
    return names


def failed(found):
    """Names of the measurements that could not be made."""
    return [f"{name} ({SYNCS[sync]})" for sync in SYNCS for name in part(found, sync, "failed") or []]


# ---- sections --------------------------------------------------------------------------------------------


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
    return f"""## Goals

{table(("", "goal", "seen", ""), rows)}

{words}
"""


def peak_section(found):
    rows, best = [], []
    for sync in SYNCS:
        peak = part(found, sync, "peak")
        for row in peak["rows"] if peak else ():
            bare, full = row["bare"], row["full"]
            rows.append((f"{row['connections']:,}, {SYNCS[sync]}", whole(bare["rate"]), whole(full["rate"]),
                         f"{full['rate'] / bare['rate']:.2f}", *in_ms(full["latency_ms"])))
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

{table(("connections", "bare answers/s", "bookings/s", "ratio", *headings_ms(MILLISECONDS)), rows)}

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
answer is counted too. The generator's people have no mail box: of the notifier this has the looking for one, and not
the sending.

{table(("", *columns), rows)}
"""


def latency_section(found):
    names = (*MILLISECONDS, "max")
    rows = [(f"{row['share'] * 100:.0f} %, {SYNCS[sync]}", whole(row["rate"]), *in_ms(row["latency_ms"], names),
             f"{row['service_ms']['p99']:.1f}")
            for sync in SYNCS for row in part(found, sync, "latency", "rows") or []]
    connections = part(found, ALWAYS, "latency", "connections") or part(found, DEFAULT, "latency", "connections")
    return rows and f"""## How long

An open loop: so many people ask in each second, whatever the answers do. The time counts from the moment at which
one was meant to ask, over {connections:,} connections; the last column counts from the sending.

{table(("of the peak", "bookings/s", *headings_ms(names), "p99 from sent, ms"), rows)}

![At half of the peak](pictures/half.svg)
"""


def rush_section(found):
    rush = part(found, ALWAYS, "rush")
    if not rush:
        return ""
    words = {1000: "press within a second, on the mean", 1: "press in the same millisecond"}
    names = (*MILLISECONDS, "max")
    rows = [(words[row["spread_ms"]], whole(row["booked"]), whole(row["later"]),
             *(f"{row['told_ms'][name] / 1000:.2f}" for name in names)) for row in rush["rows"]]
    return f"""## The rush

{rush['people']:,} people wait for the opening, over {rush['connections']:,} connections; a tenth of them must leave
with nothing, one in ten presses twice, and whoever is told to come back later does so. The time is that from a
person's first wish until he knows how it ended, second tries and all.

{table(("they", "booked", "told to come later", *(f"{name} s" for name in names)), rows)}

![The rush](pictures/rush.svg)
"""


def reads_section(found):
    reads = part(found, ALWAYS, "reads")
    if not reads:
        return ""
    words = {"counts": "counts (`/availability`, with If-None-Match)", "tickets": "counts and tickets, in turns"}
    rows = [(words[name], whole(reads[name]["rate"]), whole(reads[name]["bare"]), f"{reads[name]['ratio']:.2f}",
             f"{reads[name]['us'].get('ingress', 0):.1f}") for name in words]
    return f"""## Reading

A closed loop over {reads['connections']:,} connections, in turns with bare answers.

{table(("", "reads/s", "bare answers/s", "ratio", "us of the ingresses each"), rows)}
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
}


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

Bytes for each booking:

{table(headings, sizes)}

![A whole campaign](pictures/millions.svg)

{confirmed_words(found, first['bookings'])}
"""


def growth_of(run, name):
    return f"{run['growth'][name]:.1f}" if run["growth"] else "?"


def confirmed_words(found, bookings):
    confirmed = part(found, ALWAYS, "confirmations")
    if not confirmed:
        return ""
    minutes = bookings / confirmed["rate"] / 60
    return f"""Confirmations are not part of this run: its people are made by the generator and have no mail box. At
the rate measured [below](#codes-and-confirmations) {bookings:,} mails take {minutes:.0f} minutes."""


def steady_section(found):
    crowd, campaigns = part(found, ALWAYS, "crowd"), part(found, ALWAYS, "campaigns")
    parts = []
    if crowd:
        polls = crowd["polls_ms"]
        parts.append(f"""{crowd['connections']:,} connections at once: half of them book in a closed loop, half are
phones that ask for the counts once a second. {crowd['full']:,.0f} bookings/s beside {crowd['polls']:,.0f} polls/s,
against {crowd['alone']:,.0f} bookings/s on {crowd['alone_connections']:,} connections alone:
**{crowd['ratio']:.2f} ×**. A poll took {polls['p50']:.1f} ms (p50) and {polls['p99']:.1f} ms (p99). An ingress was
{crowd['ingress_bytes'] / MIB:.0f} MB large.
""")
    if campaigns:
        rows = [(f"{row['others']}", whole(row["rate"]), f"{row['sum_us']:.1f}") for row in campaigns["rows"]]
        parts.append(f"""Other campaigns that are open and have no load; the generator is not counted:

{table(("others", "bookings/s", "us of all programs for a booking"), rows)}
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
{sandbox:,.0f} us, and all other programs {others:,.0f}.
""")
    if confirmed:
        sandbox, others = apart(confirmed["us"], "sandbox")
        alone = confirmed["one_ms"]
        parts.append(f"""Confirmations: {confirmed['count']:,} that were due at once were with the sandbox at
{confirmed['rate']:,.0f} a second; {confirmed['mails']:,} arrived, {confirmed['twice']} of them twice. For each, the
sandbox took {sandbox:,.0f} us, the notifier {confirmed['us'].get('notifier-1', 0):,.0f}, all programs but the
sandbox {others:,.0f}. When nothing else is due, the mail is there {alone['p50']:.0f} ms after the answer (half of the
people; at the latest {alone['max']:.0f} ms).
""")
    return parts and "## Codes and confirmations\n\n" + "\n".join(parts)


def apart(us, name):
    """The time of one program, and that of all others."""
    return us.get(name, 0), sum(us.values()) - us.get(name, 0)


def recovery_section(found):
    recovery, replay = part(found, "recovery"), part(found, ALWAYS, "replay")
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
{words}
Again: `tests/load/bench`; `tests/load/bench --quick --output FOLDER` is a look that takes some minutes.
"""


def page(found, facts):
    sections = [frame(facts), goals_section(found), peak_section(found), costs_section(found), latency_section(found),
                rush_section(found), reads_section(found), millions_section(found), steady_section(found),
                mail_section(found), recovery_section(found), method_section(found)]
    return "\n".join(section.rstrip() + "\n" for section in sections if section)
