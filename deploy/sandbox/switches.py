"""switches - how the outside world misbehaves at the moment.

email and sms: mode, and delay_ms for slow.

    ok                  every message is delivered
    slow                the same, delay_ms later
    refuse_temporarily  try again later: SMTP 451, HTTP 503
    refuse_permanently  never try again: SMTP 550, HTTP 400
    accept_then_drop    the sender is told that all is well, and nobody receives anything
    take_then_break     the message is delivered, and the connection breaks before the sender is told
    hang                no answer, until the switch stands elsewhere

gateway: mode, for percent of the calls of its API (not of people who pay), and how banks behave.

    ok, slow, hang      as above
    refuse_temporarily  503
    take_then_break     what the call asks for is done, and the connection breaks before the answer
    take_then_hang      it is done, and the answer never comes; these two only touch calls that do
                        something
    payments            at_once; or late: who pays is told that it failed, and late_ms later the
                        bank says yes
    refunds             processed; pending, for as long as the switch stands there; or failed: each
                        refund_ms after it was asked for

webhooks, all at once if wanted: each is told duplicates times more; delay_ms later, and up to
reorder_ms more, so that they overtake each other; lost_percent are never told; of each attempt
wrongly_signed_percent are signed with a secret that nobody has, and stale_percent with the old
secret, and say that they are an hour old.

Any channel takes for_seconds: after that it is as it was at the start. Without, a change stays.
"""

import math
import threading
import time

DELAY_MS_MAX = 60_000
DELAY_MS_DEFAULT = 2_000
WEBHOOK_DELAY_MS_MAX = 600_000
LATE_MS_MAX = 600_000
DUPLICATES_MAX = 1000
FOR_SECONDS_MAX = 86_400
HANG_SECONDS_MAX = 60
HANG_PAUSE_SECONDS = 0.05


class SwitchError(ValueError):
    """What was asked for is not a setting; the text says what would be."""


class Choice:
    """One of some words; the first is how it is at the start."""

    def __init__(self, *words):
        self._words = words
        self.default = words[0]

    def takes(self, value):
        return value in self._words

    def __str__(self):
        return f"one of {', '.join(self._words)}"


class Number:
    """A whole number."""

    def __init__(self, most, default=0, least=0):
        self._least = least
        self._most = most
        self.default = default

    def takes(self, value):
        return type(value) is int and self._least <= value <= self._most

    def __str__(self):
        return f"a whole number from {self._least} to {self._most}"


MESSAGE_CHANNEL = {
    "mode": Choice(
        "ok", "slow", "refuse_temporarily", "refuse_permanently", "accept_then_drop",
        "take_then_break", "hang"),
    "delay_ms": Number(DELAY_MS_MAX, DELAY_MS_DEFAULT),
}
CHANNELS = {
    "email": MESSAGE_CHANNEL,
    "sms": MESSAGE_CHANNEL,
    "gateway": {
        "mode": Choice(
            "ok", "slow", "refuse_temporarily", "take_then_break", "take_then_hang", "hang"),
        "percent": Number(100, 100),
        "delay_ms": Number(DELAY_MS_MAX, DELAY_MS_DEFAULT),
        "payments": Choice("at_once", "late"),
        "late_ms": Number(LATE_MS_MAX, 5_000),
        "refunds": Choice("processed", "pending", "failed"),
        "refund_ms": Number(LATE_MS_MAX),
    },
    "webhooks": {
        "duplicates": Number(DUPLICATES_MAX),
        "delay_ms": Number(WEBHOOK_DELAY_MS_MAX),
        "reorder_ms": Number(WEBHOOK_DELAY_MS_MAX),
        "lost_percent": Number(100),
        "wrongly_signed_percent": Number(100),
        "stale_percent": Number(100),
    },
}
FOR_SECONDS = Number(FOR_SECONDS_MAX, least=1)
AT_START = {
    channel: {name: setting.default for name, setting in settings.items()}
    for channel, settings in CHANNELS.items()}


class Switches:
    def __init__(self):
        self._lock = threading.Lock()
        self._channels = dict(AT_START)
        self._until = {}  # channel -> when it is as at the start again

    def as_json(self):
        answer = {}
        for channel in CHANNELS:
            switch, until = self.of(channel), self._until.get(channel)
            left = until and max(1, round(until - time.monotonic()))
            answer[channel] = {**switch, "for_seconds": left}
        return answer

    def of(self, channel):
        """All settings of a channel, for reading only."""
        with self._lock:
            return self._now(channel)

    def mode(self, channel):
        return self.of(channel)["mode"]

    def delay_seconds(self, channel):
        """How long to wait before an answer: 0 unless the channel is slow."""
        switch = self.of(channel)
        return switch["delay_ms"] / 1000 if switch["mode"] == "slow" else 0

    def pauses(self, channel, hanging="hang"):
        """The pauses, in seconds, to make one after the other before an answer. hanging: the mode
        in which there is none."""
        yield self.delay_seconds(channel)
        deadline = time.monotonic() + HANG_SECONDS_MAX
        while self.mode(channel) == hanging and time.monotonic() < deadline:
            yield HANG_PAUSE_SECONDS

    def change(self, wanted):
        """Takes any part of what as_json gives: all of it is valid and applied, or nothing is."""
        if not isinstance(wanted, dict):
            raise SwitchError('send an object such as {"email": {"mode": "slow"}}')
        for channel, switch in wanted.items():
            _check_channel(channel, switch)
        with self._lock:
            for channel, switch in wanted.items():
                before, settings = self._now(channel), dict(switch)
                seconds = settings.pop("for_seconds", None)
                self._until.pop(channel, None)
                if seconds is not None:
                    self._until[channel] = time.monotonic() + seconds
                self._channels[channel] = {**before, **settings}

    def _now(self, channel):
        if time.monotonic() >= self._until.get(channel, math.inf):
            del self._until[channel]
            self._channels[channel] = AT_START[channel]
        return self._channels[channel]


def _check_channel(channel, switch):
    if channel not in CHANNELS:
        raise SwitchError(f"there is no channel {channel!r}; there are: {', '.join(CHANNELS)}")
    settings = CHANNELS[channel]
    if not isinstance(switch, dict):
        raise SwitchError(f"{channel}: an object is needed, with any of {', '.join(settings)}")
    for name, value in switch.items():
        if name == "for_seconds":
            if value is not None and not FOR_SECONDS.takes(value):
                raise SwitchError(f"{channel}.for_seconds: {FOR_SECONDS} is needed, or null")
        elif name not in settings:
            raise SwitchError(
                f"{channel} has no setting {name!r}; it has {', '.join(settings)}, for_seconds")
        elif not settings[name].takes(value):
            raise SwitchError(f"{channel}.{name}: {settings[name]} is needed")
