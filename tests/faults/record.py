"""record - all that a client was ever told, and at once a complaint where two answers cannot both be true.

Nothing in here asks the system under test: verdict.py compares this record with it at the end.
"""
import collections
import dataclasses
import time

# Refusals that end a wish; all others are worth another try.
FINAL = {"already_booked", "over_limit", "sold_out", "paused", "closed", "not_open", "bad_units",
         "not_verified"}
AGAIN_STATUSES = {404, 429, 503}
HAS_BOOKING = {"booked", "waitlisted", "cancelled"}


@dataclasses.dataclass(eq=False)
class Campaign:
    id: str
    units: int
    limit: int
    waiting: int
    cancellable: bool
    opened: bool = False
    closed: bool = False


@dataclasses.dataclass(eq=False)
class Booking:
    """What was said about one booking ID."""
    id: str
    owner: str  # the account
    campaign: Campaign
    count: int | None = None
    place: int | None = None
    booked_at: str | None = None
    statuses: list = dataclasses.field(default_factory=list)
    sent_at: float = 0.0      # when its wish was sent for the first time
    answered_at: float = 0.0  # when somebody first saw this ID
    cancels_sent: int = 0
    cancelled: bool = False   # its cancellation was acknowledged


@dataclasses.dataclass(eq=False)
class Wish:
    """One Idempotency-Key, from its first try to its answer."""
    owner: str
    campaign: Campaign
    key: str
    count: int
    sent_at: float = 0.0
    tries: int = 0
    verdict: str | None = None
    last: str = "no answer"  # to the last try
    booking: Booking | None = None


@dataclasses.dataclass(eq=False)
class Ticket:
    """A place in the line that was promised."""
    subject: object  # the Wish, or the Booking to be cancelled
    sent_at: float   # when the request was sent that got it
    status: str = "queued"


class Record:
    def __init__(self):
        self.campaigns = []
        self.bookings = {}    # booking ID -> Booking
        self.wishes = []
        self.tickets = {}     # ticket -> Ticket
        self.contacts = {}    # contact -> account: whoever got a token
        self.counts = collections.Counter()
        self.refused_sold_out = collections.Counter()  # campaign id -> how often
        self.complaints = []

    def complain(self, text):
        self.counts["complaints"] += 1
        self.complaints.append(text)

    # ---- wishes ----------------------------------------------------------------------------------------

    def sending(self, wish):
        """Returns when."""
        now = time.monotonic()
        if wish.tries == 0:
            wish.sent_at = now
            self.wishes.append(wish)
        else:
            self.counts["tried again"] += 1
        wish.tries += 1
        self.counts["requests"] += 1
        return now

    def wish_answered(self, wish, answer, sent_at):
        """The answer to POST /v1/bookings, sent at that time."""
        self.counts[f"HTTP {answer.status}"] += 1
        body = answer.json
        wish.last = f"{answer.status} {body.get('code', body.get('status'))}"
        if answer.status in (200, 201):
            self._fulfilled(wish, body, body["status"])
        elif answer.status == 202:
            self.tickets[body["ticket"]] = Ticket(wish, sent_at)
        elif body["code"] in FINAL:
            self._refused(wish, body, sent_at)
        elif answer.status not in AGAIN_STATUSES:
            self.complain(f"{wish.campaign.id} {wish.key}: unexpected {answer.status} {body['code']}")
            wish.verdict = body["code"]

    def ticket_answered(self, name, answer):
        """The answer to GET /v1/requests/NAME."""
        if answer.status in (429, 503):
            return
        if answer.status != 200:
            self.complain(f"ticket {name}: {answer.status} {answer.code}")
            return
        body, ticket = answer.json, self.tickets[name]
        ticket.status = body["status"]
        if ticket.status == "queued":
            return
        if isinstance(ticket.subject, Booking):
            self._cancel_decided(ticket.subject, ticket.status)
        elif ticket.status in HAS_BOOKING:
            self._fulfilled(ticket.subject, body["booking"], ticket.status)
        else:
            self._refused(ticket.subject, body, ticket.sent_at)

    def _fulfilled(self, wish, body, status):
        booking = self._see(wish, body, wish.sent_at)
        booking.statuses.append(status)
        if wish.booking not in (None, booking) and wish.booking.cancels_sent == 0:
            self.complain(f"{wish.campaign.id} {wish.key}: is {wish.booking.id} and {booking.id}")
        if body["count"] != wish.count:
            self.complain(f"{booking.id}: {wish.count} wanted, {body['count']} given")
        self.counts[f"told {status}"] += wish.booking is not booking
        wish.booking, wish.verdict = booking, status

    def _refused(self, wish, body, sent_at):
        code = body["code"]
        booking = wish.booking
        # Refusals are not remembered: an earlier try may have been refused, and say so later.
        if booking is not None and booking.cancels_sent == 0 and sent_at > booking.answered_at:
            self.complain(f"{wish.campaign.id} {wish.key}: {booking.id}, then refused: {code}")
        if "booking" in body:
            self._see(wish, body["booking"], 0.0)  # of an earlier wish, sent we do not know when
        if code == "sold_out":
            self.refused_sold_out[wish.campaign.id] += 1
        if wish.verdict is None:
            self.counts[f"told {code}"] += 1
            wish.verdict = code

    def _see(self, wish, body, sent_at):
        """The booking of this ID; what is said of it must be what was said before."""
        booking = self.bookings.get(body["booking_id"])
        if booking is None:
            booking = Booking(body["booking_id"], wish.owner, wish.campaign, sent_at=sent_at,
                              answered_at=time.monotonic())
            self.bookings[booking.id] = booking
        if (booking.owner, booking.campaign) != (wish.owner, wish.campaign):
            self.complain(f"{booking.id}: was {booking.owner}'s, is told to {wish.owner}")
        for name in ("count", "place", "booked_at"):
            before, now = getattr(booking, name), body.get(name)
            if before is not None and now is not None and before != now:
                self.complain(f"{booking.id}: {name} was {before}, is {now}")
            setattr(booking, name, before if now is None else now)
        return booking

    # ---- cancellations ---------------------------------------------------------------------------------

    def cancel_answered(self, booking, answer):
        """The answer to DELETE /v1/bookings/ID."""
        self.counts[f"HTTP {answer.status}"] += 1
        if answer.status == 200:
            self._cancel_decided(booking, answer.json["status"])
        elif answer.status == 202:
            self.tickets[answer.json["ticket"]] = Ticket(booking, 0.0)
        elif answer.status not in (429, 503):
            self.complain(f"cancelling {booking.id}: {answer.status} {answer.code}")

    def _cancel_decided(self, booking, status):
        if status != "cancelled":
            self.complain(f"cancelling {booking.id}: {status}")
            return
        self.counts["told cancelled"] += not booking.cancelled
        booking.cancelled = True
