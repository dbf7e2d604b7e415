"""schedule - what breaks when, and for how long: a function of the seed alone."""
import dataclasses
import random

GAP = (1.0, 6.0)       # between the beginnings of two faults; many last longer, so they overlap
REST_EVERY = 40.0      # once in so many seconds
REST = 5.0             # nothing new breaks for so long
FIRST = 3.0
MENDING = 3.0          # until the target of a fault works again, most often


@dataclasses.dataclass
class Fault:
    at: float
    seconds: float
    kind: object
    target: str

    def __str__(self):
        return f"{self.at:7.1f} s  {self.kind.name:12} {self.target:24} for {self.seconds:.1f} s"


class Deck:
    """Every card comes once before any comes again."""

    def __init__(self, cards, source):
        self._cards = cards
        self._source = source
        self._left = []

    def draw(self):
        if not self._left:
            self._left = list(self._cards)
            self._source.shuffle(self._left)
        return self._left.pop()


def free_at(resources, until):
    """When all of them are free; "*" is all there is."""
    names = until if "*" in resources else [*resources, "*"]
    return max((until.get(name, 0) for name in names), default=0)


def plan(seed, seconds, kinds, place):
    source = random.Random(seed)
    kinds = [kind for kind in kinds if kind.targets(place)]
    deck = Deck([kind for kind in kinds for _ in range(kind.weight)], source)
    targets = {kind: Deck(kind.targets(place), source) for kind in kinds}
    until = {}  # resource -> when it is free again
    faults, at, rest_at = [], FIRST, REST_EVERY
    while True:
        kind = deck.draw()
        target = targets[kind].draw()
        resources = kind.resources(target)
        at = max(at, free_at(resources, until))
        fault = Fault(at, source.uniform(*kind.seconds), kind, target)
        if fault.at + fault.seconds > seconds:
            return faults
        faults.append(fault)
        until.update((name, fault.at + fault.seconds + MENDING) for name in resources)
        at += source.uniform(*GAP)
        if at > rest_at:
            at += REST
            rest_at += REST_EVERY
