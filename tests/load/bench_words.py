"""What the parts of the bench's page share: names, tables, and figures as text."""
from bench_host import TAKEN_MAX

MILLISECONDS = ("p50", "p99", "p99.9")
# Parts of what has been found: "always" and "default" are how often the broker syncs.
ALWAYS, DEFAULT, RECOVERY = "always", "default", "recovery"
SYNCS = {ALWAYS: "each message is synced", DEFAULT: "the broker's default"}
KIB, MIB = 1 << 10, 1 << 20


def table(headings, rows):
    """Markdown; the first column is words, the others are numbers."""
    lines = [headings, ["---"] + ["---:"] * (len(headings) - 1), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def whole(number):
    return f"{number:,.0f}"


def percent(value):
    return f"{value * 100:.0f} %"


def share(taken):
    """What the host took away."""
    return "?" if taken is None else f"{taken * 100:.1f} %"


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


def section_of(sync, name):
    return f"{name} ({SYNCS[sync]})" if sync else name


def taken_in(found, sync, name):
    """What the host took away from a measurement, or None if that is not known."""
    return part(found, sync, name, "taken")


def is_spoiled(taken):
    return taken is not None and taken > TAKEN_MAX
