"""payments - the payment gateway put together: state machine, journal, webhooks and HTTP.

All of it runs on the loop, but for overview(), which other threads may call.

The journal has a first line ["gateway", version, account], then each command that was done, and
["told", event] for each event that need not be told again. The last of these may be missing after a
crash; then some merchants hear something twice, as they have to be prepared for anyway.
"""

import asyncio
import json
import logging
import os

from gateway import ID_LENGTH, Gateway, Refused, random_part
from gateway_api import GatewayApi
from http_server import HttpServer
from journal import Journal, JournalError
from webhooks import Webhooks

JOURNAL_VERSION = 1
FLUSH_SECONDS = 0.5
OVERVIEW_SECONDS_MAX = 10


class Payments:
    """key: (id, secret); webhook_secrets: (current, old). stop() is called when the journal cannot
    be written any more."""

    def __init__(self, journal_path, key, webhook_url, webhook_secrets, switches, stop):
        self._loop = asyncio.get_running_loop()
        self._journal = Journal(journal_path)
        self._gateway = None
        untold = self._replay()
        self._webhooks = Webhooks(
            self._gateway.account_id, webhook_url, webhook_secrets, switches, self._told)
        self._api = GatewayApi(self._gateway, self._journal, self._webhooks, switches, key, stop)
        self._server = None
        self._url = None
        self._flushing = None
        for event in untold:
            self._webhooks.send(event)
        self._api.resume()

    async def listen(self, host, port):
        self._server = HttpServer(self._api.handle)
        await self._server.start(host, port)
        self._url = f"http://{host}:{port}"
        logging.info("gateway at %s/, %d orders so far", self._url, len(self._gateway.orders))

    def overview(self):
        """The newest of everything, as JSON."""
        async def ask():
            return json.dumps({"gateway_url": self._url, **self._api.overview()}).encode()
        return asyncio.run_coroutine_threadsafe(ask(), self._loop).result(OVERVIEW_SECONDS_MAX)

    def close(self):
        if self._server:
            self._server.close()
        self._webhooks.close()
        self._journal.close()

    def _replay(self):
        """Does again what was done before; returns the events that somebody has to hear yet."""
        untold = {}
        for number, line in enumerate(self._journal.open(), 1):
            try:
                if number == 1:
                    self._begin(*line)
                elif line[0] == "told":
                    untold.pop(line[1], None)
                else:
                    _, events = self._gateway.apply(line)
                    untold.update((event.id, event) for event in events)
            except (Refused, LookupError, TypeError, ValueError) as error:
                raise JournalError(
                    f"the journal's line {number} makes no sense: {error!r}. Remove the journal, "
                    "and with it all payments, or mend it") from error
        if self._gateway is None:
            line = ["gateway", JOURNAL_VERSION, f"acc_{random_part(os.urandom(ID_LENGTH))}"]
            self._begin(*line)
            self._journal.append(line)
        return untold.values()

    def _begin(self, name, version, account_id):
        if (name, version) != ("gateway", JOURNAL_VERSION):
            raise ValueError(f"version {JOURNAL_VERSION} is what this sandbox reads")
        self._gateway = Gateway(account_id)

    def _told(self, event_id):
        self._journal.note(["told", event_id])
        if not self._flushing:
            self._flushing = self._loop.call_later(FLUSH_SECONDS, self._flush)

    def _flush(self):
        self._flushing = None
        self._journal.flush()
