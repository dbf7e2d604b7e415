"""The section of the bench's page about what cannot be had on its machine, by figures of the same run."""
from bench_words import ALWAYS, DEFAULT, SYNCS, part, share, table, taken_in

# What a booking must reach of a bare answer; and a second.
RATIO_GOALS = {ALWAYS: 0.6, DEFAULT: 0.75}
RATE_GOAL = 100_000
GENERATOR = "generator"


def us(value):
    return f"{value:.1f}"


def costs(peak):
    """Microseconds of all programs: a bare answer and a booking, over as many connections."""
    return sum(peak["bare_beside"]["us"].values()), sum(peak["full"]["us"].values())


# A line each. goal: what a booking may cost all programs, from those two.
def lines(processors):
    def a_booking_may(sync, peak):
        return costs(peak)[0] / RATIO_GOALS[sync]

    def at_the_rate():
        return processors * 1e6 / RATE_GOAL

    def more(peak):
        bare, full = costs(peak)
        return full - bare

    return {
        "connections": lambda sync, peak: f"{peak['full']['connections']:,}",
        "a bare answer costs all programs": lambda sync, peak: us(costs(peak)[0]),
        "of it the generator": lambda sync, peak: us(peak["bare_beside"]["us"].get(GENERATOR, 0)),
        "the goal": lambda sync, peak: f"{RATIO_GOALS[sync]:.2f} ×",
        "so a booking may cost": lambda sync, peak: us(a_booking_may(sync, peak)),
        "which leaves, for all that a bare answer does not need": lambda sync, peak:
            us(a_booking_may(sync, peak) - costs(peak)[0]),
        f"{RATE_GOAL:,} bookings a second would leave for that": lambda sync, peak:
            us(at_the_rate() - costs(peak)[0]),
        "and it took": lambda sync, peak: us(more(peak)),
        "of it PostgreSQL": lambda sync, peak: us(sum(
            value - peak["bare_beside"]["us"].get(name, 0) for name, value in peak["full"]["us"].items()
            if name.startswith("PostgreSQL"))),
        "taken by the host": lambda sync, peak: share(peak.get("taken")),
    }


def ratio_words(found, processors):
    peaks = {sync: part(found, sync, "peak") for sync in SYNCS if part(found, sync, "peak", "bare_beside")}
    if not peaks:
        return ""
    rows = [(words, *(value(sync, peak) for sync, peak in peaks.items())) for words, value in lines(processors).items()]
    return f"""A booking needs all that a bare answer needs, and then a token's check, a place in two streams, two
sequencers that decide, and a row in PostgreSQL. All of that shares {processors} processors, with the generator. In
microseconds of processor time of all programs:

{table(("", *(SYNCS[sync] for sync in peaks)), rows)}
"""


def ledger_words(found):
    ledger = part(found, ALWAYS, "ledger")
    if not ledger:
        return ""
    return f"""A row costs PostgreSQL {ledger['backend_us_per_booking'] + ledger['other_server_us_per_booking']:.1f} us
when nobody else works, and the fulfiller {ledger['client_us_per_booking']:.1f} (`tests/bench/ledger_bench.c`; the
host took {share(taken_in(found, ALWAYS, 'ledger'))} away): less than that it cannot be beside all others.
"""


def disk_words(found, goals_ms):
    disk = part(found, ALWAYS, "disk")
    if not disk:
        return ""
    one, late = disk["fsync_ms"]["p50"], disk["fsync_ms"]["p99"]
    half, most = goals_ms[:2]
    words = {True: "cannot be met where each message is synced", False: "leaves the rest for everything else"}
    return f"""Where each message is synced, an answer waits for two fsyncs, one after the other: that of its request
and that of its decision. {disk['count']} of them, one at a time, with nothing else going on, took {one:.2f} ms on the
broker's disk (p50; p99 {late:.2f}, at the most {disk['fsync_ms']['max']:.1f}); the host took
{share(taken_in(found, ALWAYS, 'disk'))} away.

- Half of the people wait {2 * one:.1f} ms for the disk alone: a goal of {half} ms {words[2 * one >= half]}.
- One in a hundred waits about {late + one:.1f} ms or more: a goal of {most} ms {words[late + one >= most]}.
- Who asks while a batch is on its way waits for that one first: on the mean for half of it.
"""


def section(found, processors, latency_goals_ms):
    parts = [ratio_words(found, processors), ledger_words(found), disk_words(found, latency_goals_ms)]
    parts = [words for words in parts if words]
    return parts and "## What is impossible here, by measurement\n\n" + "\n".join(parts)
