#!/usr/bin/python3
"""One copy, brought up from nothing in one way, measured, and taken down again. For bench, which says how.

    bench_stand.py --variant always|default --pictures FOLDER [--quick] [--connections N] NAME...

The folder and the ports are those of FIRSTCOME_HOME and FIRSTCOME_PORT; what is in that folder is forgotten. Prints
what was found as JSON.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# How often the broker syncs: what FIRSTCOME_NATS_SYNC is for deploy/up.
VARIANTS = ("always", "default")


def deploy(command, *arguments, **environment):
    done = subprocess.run([ROOT / "deploy" / command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env={**os.environ, **environment}, check=False)
    if done.returncode != 0:
        sys.exit(f"deploy/{command} {' '.join(arguments)} failed:\n{done.stdout}")


def measure(options):
    # These read where the copy is as soon as they are imported.
    sys.path.insert(0, str(ROOT / "tests" / "tools"))
    import bench_runs
    import bench_system
    scale = bench_runs.QUICK if options.quick else bench_runs.Scale()
    runs = bench_runs.Runs(scale, options.pictures, options.variant, options.connections)
    version, syncs = bench_system.broker()
    if syncs != (options.variant == "always"):
        sys.exit(f"nats-server {version} does not sync as it was told to: see deploy/lib/nats.sh")
    for name in options.names:
        runs.run(name)
    return {"scale": dataclasses.asdict(scale), "nats": version, "postgres": bench_system.database_version(),
            "restless": runs.restless, "failed": runs.failed, **runs.found}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", choices=VARIANTS, required=True)
    parser.add_argument("--pictures", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--connections", type=int, default=0, help="how many are best, if that is known")
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    deploy("down", "--wipe")
    try:
        deploy("up", "--no-demo", FIRSTCOME_NATS_SYNC=options.variant)
        found = measure(options)
    finally:
        deploy("down", "--wipe")
    print(json.dumps(found))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(1)  # who has interrupted it knows
