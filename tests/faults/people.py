"""people - the load: some hundred persons who log in, book, try again, cancel, and believe what they hear.

A person does one thing at a time, and has at most one wish without an answer in each campaign. When no
answer comes, the same wish is sent again with the same key, as docs/api.md asks of clients.
"""
import asyncio
import random
import uuid

from client import Client, Lost
from firstcome import contact_field
from record import Wish

PAUSE = 0.8              # seconds between two things that a person does, on average
WAITS = (0, 0, 1, 1, 2, 5)
RETRY_PAUSE = 0.5
CODE_PATIENCE = 15.0
NEWCOMER_PAUSE = 3.0     # seconds between two people who log in while it runs


class Person:
    def __init__(self, crowd, contact, random_source):
        self.crowd = crowd
        self.record = crowd.record
        self.contact = contact
        self.random = random_source
        self.client = Client(crowd.port)
        self.headers = {}
        self.account = None
        self.open = {}      # campaign -> the Wish without an answer
        self.wishes = []    # fulfilled ones
        self.bookings = []  # to cancel
        self.tickets = []   # to ask about

    # ---- logging in ------------------------------------------------------------------------------------

    async def log_in(self):
        """Tries until there is a token."""
        field = contact_field(self.contact)
        while not self.headers:
            try:
                answer = await self.client.call("POST", "/v1/register", field)
                if answer.status == 202 or answer.code == "code_too_soon":
                    await self._try_codes(field)
            except Lost:
                pass
            await asyncio.sleep(RETRY_PAUSE)

    async def _try_codes(self, field):
        for _ in range(int(CODE_PATIENCE / RETRY_PAUSE)):
            code = self.crowd.inbox.codes.get(self.contact)
            if code is not None:
                answer = await self.client.call("POST", "/v1/login", {**field, "code": code})
                if answer.status == 200:
                    self._logged_in(answer.json)
                return
            await asyncio.sleep(RETRY_PAUSE)

    def _logged_in(self, body):
        self.account = body["account_id"]
        self.headers = {"Authorization": f"Bearer {body['token']}"}
        self.record.contacts[self.contact] = self.account

    # ---- doing things ----------------------------------------------------------------------------------

    async def live(self):
        await asyncio.sleep(self.random.uniform(0, PAUSE))
        while not self.crowd.resting:
            campaign = self.crowd.choose(self.random)
            if campaign is not None:
                await self.act(campaign)
            await asyncio.sleep(self.random.expovariate(1 / PAUSE))

    async def act(self, campaign):
        roll = self.random.random()
        if roll < 0.12 and self.tickets:
            await self.ask_ticket(self.random.choice(self.tickets))
        elif roll < 0.22 and self.bookings:
            await self.cancel(self.random.choice(self.bookings))
        elif roll < 0.27:
            await self.look(campaign)
        elif roll < 0.37 and self.wishes:
            await self.repeat(self.random.choice(self.wishes))
        else:
            wish = self.open.get(campaign)
            if wish is None:
                count = self.random.randint(1, campaign.limit)
                wish = self.open[campaign] = Wish(self.account, campaign, self._key(), count)
            await self.book(wish)

    async def book(self, wish):
        if self.random.random() < 0.03:  # a double click: both answers must agree
            twin = Client(self.crowd.port)
            await asyncio.gather(self._send(wish, self.client), self._send(wish, twin))
            twin.close()
        else:
            await self._send(wish, self.client)
        if wish.verdict is not None:
            self._settle(wish)

    async def _send(self, wish, client, wait=None):
        wait = self.random.choice(WAITS) if wait is None else wait
        headers = {**self.headers, "Idempotency-Key": wish.key, "Prefer": f"wait={wait}"}
        body = {"campaign_id": wish.campaign.id, "count": wish.count}
        sent_at = self.record.sending(wish)
        try:
            answer = await client.call("POST", "/v1/bookings", body, headers)
        except Lost:
            self.record.counts["no answer"] += 1
            return
        self.record.wish_answered(wish, answer, sent_at)
        if answer.status == 202:
            self.tickets.append(answer.json["ticket"])

    def _settle(self, wish):
        if self.open.get(wish.campaign) is wish:
            del self.open[wish.campaign]
        if wish.booking is not None and wish not in self.wishes:
            self.wishes.append(wish)
            if wish.campaign.cancellable and self.random.random() < 0.3:
                self.bookings.append(wish.booking)

    async def repeat(self, wish):
        """Somebody presses the button again: the same key, so the same booking."""
        if wish.booking.cancels_sent > 0:
            self.wishes.remove(wish)
            return
        await self._send(wish, self.client)

    async def ask_ticket(self, ticket):
        try:
            answer = await self.client.call("GET", f"/v1/requests/{ticket}")
        except Lost:
            self.record.counts["no answer"] += 1
            return
        self.record.ticket_answered(ticket, answer)
        known = self.record.tickets[ticket]
        if known.status != "queued":
            self.tickets.remove(ticket)
            if isinstance(known.subject, Wish):
                self._settle(known.subject)

    async def cancel(self, booking):
        booking.cancels_sent += 1
        self.record.counts["requests"] += 1
        try:
            answer = await self.client.call("DELETE", f"/v1/bookings/{booking.id}", headers=self.headers)
        except Lost:
            self.record.counts["no answer"] += 1
            return
        self.record.cancel_answered(booking, answer)
        if answer.status == 202:
            self.tickets.append(answer.json["ticket"])
        if answer.status in (200, 202):
            self.bookings.remove(booking)

    async def look(self, campaign):
        try:
            answer = await self.client.call("GET", f"/v1/campaigns/{campaign.id}/availability")
        except Lost:
            return
        if answer.status == 200:
            counts = answer.json
            total = counts["available"] + counts["held"] + counts["sold"]
            if total != counts["total"] or counts["total"] != campaign.units:
                self.record.complain(f"{campaign.id}: {counts} do not add up to {campaign.units}")

    def _key(self):
        return str(uuid.UUID(int=self.random.getrandbits(128)))

    # ---- the end ---------------------------------------------------------------------------------------

    async def settle_all(self):
        """Everything that has no answer yet is asked for until it has one. No fault is on any more."""
        while self.open or self.tickets:
            for wish in list(self.open.values()):
                await self.book(wish)
            for ticket in list(self.tickets):
                await self.ask_ticket(ticket)
            await asyncio.sleep(RETRY_PAUSE)

    async def want_one(self, campaign):
        """A last wish for one unit; returns what was said."""
        wish = Wish(self.account, campaign, self._key(), 1)
        client = Client(self.crowd.port)  # several campaigns are asked at once
        while True:
            await self._send(wish, client, wait=5)
            if wish.verdict is not None:
                client.close()
                return wish.verdict
            await asyncio.sleep(RETRY_PAUSE)


class Crowd:
    def __init__(self, port, record, inbox, seed):
        self.port = port
        self.record = record
        self.inbox = inbox
        self.seed = seed
        self.people = []
        self.live = []       # campaigns that people are after
        self.over = []       # and those that only some still ask for
        self.resting = False
        self._tasks = []
        self._count = 0

    def choose(self, random_source):
        if self.over and random_source.random() < 0.05:
            return random_source.choice(self.over)
        return random_source.choice(self.live) if self.live else None

    async def gather(self, count):
        """So many people log in, 16 at a time."""
        gate = asyncio.Semaphore(16)

        async def enter():
            async with gate:
                await self._arrive()

        await asyncio.gather(*(enter() for _ in range(count)))

    async def _arrive(self):
        self._count += 1
        name = f"{self.seed}-{self._count}"
        # One in six has a phone and no email address.
        contact = f"+9180{self._count:08d}" if self._count % 6 == 0 else f"faults-{name}@example.org"
        person = Person(self, contact, random.Random(name))
        await person.log_in()
        self.people.append(person)
        return person

    def start(self):
        self._tasks = [asyncio.create_task(person.live()) for person in self.people]

    async def keep_arriving(self):
        while not self.resting:
            await asyncio.sleep(NEWCOMER_PAUSE)
            person = await self._arrive()
            self._tasks.append(asyncio.create_task(person.live()))

    async def rest(self):
        """Returns when everybody has ended what they were about."""
        self.resting = True
        await asyncio.gather(*self._tasks)
