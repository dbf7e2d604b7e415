"""rounds - a round is one campaign: faults one after the other, then the five zeros.

The audit, the ledger, the mails and our own record of the answers must all say the same.
"""
import math
import random
import re
import statistics
import time

import firstcome
from crowd import EACH_MAX, Crowd, Newcomer, gather

# A fault takes half as long; on a slow machine the crowd must not run out either.
FAULT_SECONDS_MAX = 50
SETTLE_SECONDS = 2.0
SHORT_FAULTS = 4
SAMPLE = 30
MAILS_SECONDS = 90
BOOKING_ID = re.compile(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z*~$=]")


class Report:
    """One line for each check, and how long decisions stopped at each fault."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.stalls = {}  # fault -> seconds without a decision, each time
        self.slowest = {}  # fault -> seconds of the slowest answer, each time

    def check(self, what, good, evidence=""):
        self.passed += bool(good)
        self.failed += not good
        print(f"  {'ok' if good else 'FAILED':6} {what} {'' if good else evidence}", flush=True)

    def fault(self, name, since, until, wishes):
        times = [since] + [wish.answered_at for wish in wishes] + [until]
        stall = max(later - earlier for earlier, later in zip(times, times[1:]))
        slowest = max((wish.answered_at - wish.asked_at for wish in wishes), default=until - since)
        self.stalls.setdefault(name, []).append(stall)
        self.slowest.setdefault(name, []).append(slowest)
        print(f"  {name}: {until - since:.1f} s until all were well again, {len(wishes)} bookings meanwhile,"
              f" none for {stall:.1f} s, the slowest answer took {slowest:.1f} s", flush=True)

    def print_table(self):
        print("\n  fault                          times   no decision for (s)   slowest answer (s)\n"
              "                                           p50      max           p50      max")
        for name, stalls in self.stalls.items():
            slowest = self.slowest[name]
            print(f"  {name:30} {len(stalls):5} {statistics.median(stalls):10.2f} {max(stalls):8.2f}"
                  f" {statistics.median(slowest):13.2f} {max(slowest):8.2f}")


def faults_of(brokers, campaign):
    """Name and deed; whom it meets is looked up at the last moment."""
    requests, decisions = f"REQ_{campaign}", f"DEC_{campaign}"
    return [
        ("leader of the requests killed", lambda: brokers.kill(brokers.leader(requests))),
        ("leader of the decisions frozen", lambda: brokers.freeze(brokers.leader(decisions))),
        ("broker of most programs cut off", lambda: brokers.cut_off(brokers.busiest())),
        ("rolling restart of all", brokers.restart_all),
        ("leader of the decisions killed", lambda: brokers.kill(brokers.leader(decisions))),
        ("leader of the requests cut off", lambda: brokers.cut_off(brokers.leader(requests))),
        ("leader of the cluster cut off", lambda: brokers.cut_off(brokers.leader("meta"))),
        ("all killed at once", brokers.kill_all),
        ("one with an empty disk", lambda: brokers.replace(brokers.leader(requests))),
    ]


def mails_of(people):
    """How often each booking ID was mailed."""
    counts = {}
    for person in people:
        for message in firstcome.messages(person.contact):
            if not message["template"].startswith("code"):
                for booking_id in set(BOOKING_ID.findall(message["text"])):
                    counts[booking_id] = counts.get(booking_id, 0) + 1
    return counts


def check_round(report, crowd):
    campaign = crowd.campaign
    answered = [wish for wish in crowd.wishes if wish.booking_id]
    acknowledged = {wish.booking_id for wish in answered}
    report.check("everybody who asked has an answer", len(answered) == len(crowd.wishes))
    report.check("everybody has a booking of their own", len(acknowledged) == len(answered))
    audit = firstcome.audit(campaign)
    report.check("the audit is clean", audit.get("clean") is True, audit)
    report.check("as many are booked as were answered", audit.get("booked") == len(answered),
                 (audit.get("booked"), len(answered)))
    ledger = set(BOOKING_ID.findall(str(firstcome.tool("export", campaign))))
    report.check("the ledger has exactly what was answered", ledger == acknowledged,
                 (sorted(acknowledged - ledger)[:5], sorted(ledger - acknowledged)[:5]))
    mine = {person.token: person for person in crowd.people}
    for wish in random.sample(answered, min(SAMPLE, len(answered))):
        again = mine[wish.token].book(campaign, key=wish.key)
        if again.status != 201 or again.json["booking_id"] != wish.booking_id:
            report.check("the same key gives the same booking again", False, (wish, again))
            break
    else:
        report.check("the same key gives the same booking again", True)
    check_mails(report, crowd, acknowledged)


def check_mails(report, crowd, acknowledged):
    deadline = time.monotonic() + MAILS_SECONDS
    mails = mails_of(crowd.people)
    while len(acknowledged - set(mails)) > 0 and time.monotonic() < deadline:
        time.sleep(1)
        mails = mails_of(crowd.people)
    missing = acknowledged - set(mails)
    twice = [booking_id for booking_id in acknowledged if mails.get(booking_id, 0) > 1]
    report.check("everybody was notified", not missing, sorted(missing)[:5])
    report.check("nobody was notified twice", not twice, twice[:5])


def run_round(report, brokers, people, choose, rate):
    crowd, newcomer = Crowd(people, rate), Newcomer()
    time.sleep(SETTLE_SECONDS)
    for name, deed in choose(faults_of(brokers, crowd.campaign)):
        since = time.monotonic()
        deed()
        time.sleep(SETTLE_SECONDS)
        until = time.monotonic()
        report.fault(name, since, until, crowd.answered(since, until))
        newcomer.await_login()
    report.check("people were booking all the time", crowd.is_booking())
    crowd.finish()
    newcomer.finish()
    check_round(report, crowd)


def people_for(rate, faults):
    return gather(math.ceil(rate * faults * FAULT_SECONDS_MAX / EACH_MAX))


def run(arguments, report, brokers):
    """One round of the first faults, in their order; or, for minutes, of all in a random order."""
    if arguments.minutes == 0:
        people = people_for(arguments.rate, SHORT_FAULTS)
        run_round(report, brokers, people, lambda faults: faults[:SHORT_FAULTS], arguments.rate)
        return
    order = random.Random(arguments.seed)
    people = people_for(arguments.rate, len(faults_of(brokers, "")))
    deadline = time.monotonic() + arguments.minutes * 60
    while time.monotonic() < deadline:
        run_round(report, brokers, people, lambda faults: order.sample(faults, len(faults)), arguments.rate)
