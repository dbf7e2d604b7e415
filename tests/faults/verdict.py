"""verdict - compares what clients were told with the line, the ledger, the API and the mailboxes: five zeros.

Each check adds to one of the counts below and says in a sentence what is wrong. `firstcome audit` is one
witness; everything else here knows only the record and what can be read from outside.
"""
import collections
import concurrent.futures
import json
import subprocess

import firstcome

ZEROS = ("oversold", "undersold", "out of order", "acknowledged but lost", "notified twice")
OVERSOLD, UNDERSOLD, INVERSION, LOST, TWICE = ZEROS
OTHER = "other"
SENT, FAILED, OVERTAKEN = 3, 4, 5
# After so many doubts a notice is given up: DELIVERY_AMBIGUOUS_MAX in notifier/delivery.h.
AMBIGUOUS_MAX = 5
CHANNELS = {1: "email", 2: "sms"}


class Verdict:
    def __init__(self, record, delivered):
        self.record = record
        self.delivered = delivered
        self.counts = collections.Counter({name: 0 for name in (*ZEROS, OTHER)})
        self.findings = []
        self.checked = collections.Counter()
        self.ledger = {}  # booking ID -> its row, with the campaign

    def wrong(self, what, text, count=1):
        self.counts[what] += count
        self.findings.append(f"{what}: {text}")

    def check_all(self):
        for text in self.record.complaints:
            self.wrong(OTHER, text)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(self.check_campaign, self.record.campaigns))
        self.check_bookings()
        self.check_limits()
        self.check_order()
        self.check_tickets()
        self.check_contacts()
        self.check_notices()

    # ---- one campaign ----------------------------------------------------------------------------------

    def check_campaign(self, campaign):
        report = firstcome.tool("audit", campaign.id, "--wait", "60", check=False)
        if "clean" not in report:
            self.wrong(OTHER, f"{campaign.id} cannot be audited: {report}")
            return
        for theirs, ours in (("oversold", OVERSOLD), ("undersold", UNDERSOLD), ("inversions", INVERSION),
                             ("lost", LOST), ("duplicated", OTHER), ("differences", OTHER),
                             ("broken_digests", OTHER)):
            if report[theirs]:
                self.wrong(ours, f"{campaign.id}: the audit counts {report[theirs]} {theirs}", report[theirs])
        self.checked["decisions"] += report["decided"]
        rows = self.export(campaign)
        sold = sum(row["count"] for row in rows if row["status"] == "booked")
        if sold > campaign.units:
            self.wrong(OVERSOLD, f"{campaign.id}: {sold} of {campaign.units} units are booked")
        if sold != report["sold"]:
            self.wrong(LOST, f"{campaign.id}: {report['sold']} sold, {sold} in the ledger")
        # sell_out in faults.py has left nothing in a campaign that is open.
        if not campaign.closed and sold < campaign.units and not report["waiting"]:
            self.wrong(UNDERSOLD, f"{campaign.id}: {campaign.units - sold} units are left")

    def export(self, campaign):
        done = subprocess.run(
            [str(firstcome.ROOT / "deploy" / "firstcome"), "export", campaign.id, "--format", "ndjson"],
            capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            self.wrong(OTHER, f"{campaign.id} cannot be exported: {done.stderr}")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        for number, row in enumerate(rows, 1):
            row.update(campaign=campaign, number=number)
            self.ledger[row["booking_id"]] = row
        self.checked["bookings in the ledger"] += len(rows)
        return rows

    # ---- what people were told -------------------------------------------------------------------------

    def check_bookings(self):
        for booking in self.record.bookings.values():
            self.checked["bookings that clients were told of"] += 1
            row = self.ledger.get(booking.id)
            if row is None:
                self.wrong(LOST, f"{booking.id} of {booking.campaign.id} is not in the ledger")
                continue
            self.compare(booking, row)

    def compare(self, booking, row):
        told = {"campaign": booking.campaign, "account_id": booking.owner, "count": booking.count,
                "place": booking.place}
        for name, value in told.items():
            if value is not None and row[name] != value:
                self.wrong(LOST, f"{booking.id}: {name} was told as {value}, is {row[name]}")
        allowed = {"booked", "waitlisted"}
        if "booked" in booking.statuses:
            allowed.discard("waitlisted")
        if booking.cancels_sent:
            allowed.add("cancelled")
        if booking.cancelled:
            allowed = {"cancelled"}
        if row["status"] not in allowed:
            told = f"told {booking.statuses}{', then cancelled' if booking.cancelled else ''}"
            self.wrong(LOST, f"{booking.id}: {told}, is {row['status']}")

    def check_limits(self):
        units = collections.Counter()
        for row in self.ledger.values():
            if row["status"] != "cancelled":
                units[row["campaign"], row["account_id"]] += row["count"]
        for (campaign, account), count in units.items():
            if count > campaign.limit:
                self.wrong(OVERSOLD, f"{campaign.id}: {account} has {count} of at most {campaign.limit}")

    def check_order(self):
        """Who was sent after another one was answered stands behind that one."""
        lines = collections.defaultdict(list)
        for booking in self.record.bookings.values():
            if booking.place is not None and booking.sent_at > 0:
                lines[booking.campaign.id].append(booking)
        for name, bookings in lines.items():
            bookings.sort(key=lambda booking: booking.place)
            latest = bookings[0]
            for booking in bookings[1:]:
                if booking.answered_at < latest.sent_at:
                    self.wrong(INVERSION, f"{name}: {booking.id} stands behind {latest.id}, and was answered "
                                          f"before that was sent")
                latest = max(latest, booking, key=lambda each: each.sent_at)

    def check_tickets(self):
        for name, ticket in self.record.tickets.items():
            self.checked["tickets"] += 1
            if ticket.status == "queued":
                self.wrong(LOST, f"ticket {name} has no verdict")
        unanswered = [wish for wish in self.record.wishes if wish.verdict is None]
        for wish in unanswered:
            self.wrong(OTHER, f"{wish.campaign.id} {wish.key} got no verdict; last: {wish.last}")

    # ---- people and mail -------------------------------------------------------------------------------

    def check_contacts(self):
        known = {contact.lower() for contact, in firstcome.query("select contact from contacts")}
        for contact in self.record.contacts:
            self.checked["people"] += 1
            if contact not in known:
                self.wrong(LOST, f"{contact} has logged in and is not among the contacts")

    def check_notices(self):
        numbers = {(row["campaign"].id, row["number"]): row for row in self.ledger.values()}
        rows = firstcome.query(
            "select c.id, n.number, n.template, n.channel, n.state, n.ambiguous, coalesce(n.error, ''),"
            " k.contact"
            " from notices n join campaigns c on c.ordinal = n.campaign"
            " join bookings b on b.campaign = n.campaign and b.number = n.number"
            " left join account_merges m on m.old_account = b.account"
            " left join contacts k"
            " on k.account = coalesce(m.new_account, b.account) and k.channel = n.channel"
            " where c.id like 'faults-%%'")
        left, told = collections.Counter(self.delivered), set()
        for campaign, number, template, channel, state, ambiguous, error, contact in rows:
            row = numbers.get((campaign, number))
            if row is None or contact is None:
                self.wrong(OTHER, f"notice {campaign}-{number}-{template}: no booking or no contact")
                continue
            name = row["booking_id"]
            if channel == 1:
                name = self.message_id(campaign, number, template)
            count = left.pop((CHANNELS[channel], contact.lower(), template, name), 0)
            told.add((campaign, number))
            title = f"{campaign}-{number}-{template} by {CHANNELS[channel]}"
            self.check_notice(title, state, ambiguous, error, count)
        for (channel, contact, template, name), count in left.items():
            self.wrong(TWICE, f"{template} {name} to {contact} by {channel}: not owed", count)
        for key in numbers.keys() - told:
            self.wrong(LOST, f"{key[0]}-{key[1]} has no notice")

    @staticmethod
    def message_id(campaign, number, template):
        """As in notifier/email.c; the domain is that of the sender."""
        return f"<{campaign}-{number}-{template}@firstcome.example>"

    def check_notice(self, name, state, ambiguous, error, count):
        self.checked["notices"] += 1
        self.checked["notices that the notifier was unsure of"] += ambiguous > 0
        self.checked["messages"] += count
        if count > 1 and ambiguous == 0:
            self.wrong(TWICE, f"{name}: {count} messages", count - 1)
        elif count > 1 + ambiguous:
            self.wrong(TWICE, f"{name}: {count} messages, unsure only {ambiguous} times", count - 1)
        elif count > 1:
            self.checked["repeated because nobody could know"] += 1
        given_up = state == FAILED and ambiguous >= AMBIGUOUS_MAX
        if state == SENT and count == 0 or given_up and count == 0:
            self.wrong(LOST, f"{name}: settled as sent, and nobody has it")
        elif state not in (SENT, OVERTAKEN) and not given_up:
            self.wrong(LOST, f"{name}: state {state}, {error}")
