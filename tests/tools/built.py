"""Where the programs of the tests are that were built.

In BUILD_DIR, which tests/run sets; without it the newest one in a build folder of this checkout or copy.
"""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def find_program(path):
    """path: inside the build folder, such as "tests/pipeline/bus_probe"."""
    if os.environ.get("BUILD_DIR"):
        folders = [pathlib.Path(os.environ["BUILD_DIR"])]
    else:
        home = pathlib.Path(os.environ.get("FIRSTCOME_HOME", ROOT / ".local"))
        folders = [*ROOT.glob("build*"), *home.glob("build*")]
    built = [folder / path for folder in folders if (folder / path).is_file()]
    if not built:
        raise FileNotFoundError(f"no {path} in {', '.join(map(str, folders)) or 'any build folder'}: build first")
    return max(built, key=lambda program: program.stat().st_mtime)
