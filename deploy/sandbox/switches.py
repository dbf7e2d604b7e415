"""switches - how the two channels misbehave at the moment.

    ok                  every message is delivered
    slow                the same, delay_ms later
    refuse_temporarily  try again later: SMTP 451, HTTP 503
    refuse_permanently  never try again: SMTP 550, HTTP 400
    accept_then_drop    the sender is told that all is well, and nobody receives anything
    take_then_break     the message is delivered, and the connection breaks before the sender is told
    hang                no answer, until the switch stands elsewhere
"""

import threading
import time

CHANNELS = ("email", "sms")
MODES = (
    "ok", "slow", "refuse_temporarily", "refuse_permanently", "accept_then_drop", "take_then_break",
    "hang")
DELAY_MS_MAX = 60_000
DELAY_MS_DEFAULT = 2_000
HANG_SECONDS_MAX = 60
HANG_PAUSE_SECONDS = 0.05


class SwitchError(ValueError):
    """What was asked for is not a setting; the text says what would be."""


class Switches:
    def __init__(self):
        self._lock = threading.Lock()
        self._channels = {
            channel: {"mode": "ok", "delay_ms": DELAY_MS_DEFAULT} for channel in CHANNELS}

    def as_json(self):
        with self._lock:
            return {channel: dict(switch) for channel, switch in self._channels.items()}

    def mode(self, channel):
        with self._lock:
            return self._channels[channel]["mode"]

    def delay_seconds(self, channel):
        """How long to wait before an answer: 0 unless the channel is slow."""
        with self._lock:
            switch = self._channels[channel]
            return switch["delay_ms"] / 1000 if switch["mode"] == "slow" else 0

    def pauses(self, channel):
        """The pauses, in seconds, to make one after the other before an answer."""
        yield self.delay_seconds(channel)
        deadline = time.monotonic() + HANG_SECONDS_MAX
        while self.mode(channel) == "hang" and time.monotonic() < deadline:
            yield HANG_PAUSE_SECONDS

    def change(self, wanted):
        """Takes any part of what as_json gives: all of it is valid and applied, or nothing is."""
        if not isinstance(wanted, dict):
            raise SwitchError('send an object such as {"email": {"mode": "slow"}}')
        for channel, switch in wanted.items():
            _check_channel(channel, switch)
        with self._lock:
            for channel, switch in wanted.items():
                self._channels[channel].update(switch)


def _check_channel(channel, switch):
    if channel not in CHANNELS:
        raise SwitchError(f"there is no channel {channel!r}; there are: {', '.join(CHANNELS)}")
    if not isinstance(switch, dict):
        raise SwitchError(f"{channel}: an object with mode and delay_ms is needed")
    for name, value in switch.items():
        if name == "mode":
            if value not in MODES:
                raise SwitchError(f"{channel}.mode: one of {', '.join(MODES)} is needed")
        elif name == "delay_ms":
            if type(value) is not int or not 0 <= value <= DELAY_MS_MAX:
                raise SwitchError(f"{channel}.delay_ms: use a whole number up to {DELAY_MS_MAX}")
        else:
            raise SwitchError(f"{channel} has no setting {name!r}; it has mode and delay_ms")
