"""`make bench`: every benchmark in turn, each printing ratios against a peer or limit measured in the same run."""

import subprocess
import sys

for name in ("search", "read", "consult", "screen", "trust", "region", "checking"):
    print(f"\n== benchmarks.{name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False)
