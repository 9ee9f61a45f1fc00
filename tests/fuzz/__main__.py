"""``python -m tests.fuzz TARGET --seconds N --seed S``, or ``--case N --save FILE`` for the input of one finding."""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # the tests' own modules

from fuzz.run import run
from fuzz.targets import TARGETS


def main() -> int:
    """Fuzz one target and print what was found; 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int, help="only write the input of this number to --save")
    parser.add_argument("--save", default="case.bin")
    asked = parser.parse_args()
    if asked.case is not None:
        target = TARGETS[asked.target]
        with open(asked.save, "wb") as file:
            file.write(target.case(target.seeds(), asked.seed, asked.case))
        return 0
    report = run(asked.target, asked.seconds, seed=asked.seed)
    print(f"{asked.target}: {report.cases:,} cases, {report.accepted:,} accepted, {len(report.findings)} findings")
    for number, finding in report.findings:
        print(f"--- {asked.target} --seed {asked.seed} --case {number}\n{finding}")
    return bool(report.findings)


if __name__ == "__main__":
    sys.exit(main())
