"""The load generator as a process beside a running copy: what overload and bench share.

A crowd brings machines of its own, and here it has to share ours. Where the kernel shares the processors by
session (autogroup), one process among ten sessions gets a tenth of them, and is then what is measured. So the
generator gets a weight that stands for the machines that the crowd would bring.
"""
import json
import subprocess
import sys
import urllib.parse

import firstcome

ADDRESS = urllib.parse.urlsplit(firstcome.HTTP_URL)
SANDBOX = urllib.parse.urlsplit(firstcome.SANDBOX_URL)
# In front of a command that is started in a session of its own. It needs root; else nothing is changed.
AS_A_CROWD = [
    "bash", "-c", "{ echo -15 >/proc/self/autogroup; renice -n -10 $$ >/dev/null; } 2>/dev/null; exec \"$@\"", "-"]
CLEAN, NOT_CLEAN = 0, 1  # the generator's exit codes for a run that took place


def build_folder():
    """Of the programs that the copy runs."""
    lines = (firstcome.HOME / "settings").read_text().splitlines()
    return next(line.removeprefix("build=") for line in lines if line.startswith("build="))


def command(*arguments):
    """A run on this copy."""
    return [f"{build_folder()}/tests/load/load", *map(str, arguments), "--address", ADDRESS.netloc, "--sandbox",
            SANDBOX.netloc, "--keys", str(firstcome.HOME / "keys"), "-o", "json"]


class Crowd:
    """A run that goes on while something else does."""

    def __init__(self, *arguments):
        self.command = command(*arguments)
        self.process = subprocess.Popen(
            [*AS_A_CROWD, *self.command], stdout=subprocess.PIPE, text=True, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends it, if it still goes on and nobody wants to know what came of it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def finish(self):
        """Ends it early; it tells what came of it until now."""
        self.process.terminate()
        return self.result()

    def result(self):
        """What it says when it is done, as a dictionary. Ends this program if there was nothing to load."""
        output, _ = self.process.communicate()
        if self.process.returncode not in (CLEAN, NOT_CLEAN) or not output:
            sys.exit(f"the load generator ended with {self.process.returncode}: see above. "
                     f"It was called so: {' '.join(self.command)}")
        return json.loads(output)


def load(*arguments):
    """A whole run."""
    with Crowd(*arguments) as crowd:
        return crowd.result()
