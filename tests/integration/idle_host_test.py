#!/usr/bin/python3
"""An idle host with both plugins loaded is ready within 100 ms and stays under 16 MiB resident."""
import time

import harness
from harness import Work, check, status_kib

READY_MS_MAX = 100
RESIDENT_KIB_MAX = 16 * 1024
ATTEMPTS = 5     # the best counts: the machine may be busy with other tests


def main():
    given = harness.options()
    with Work(given) as work:
        work.bindings("sealed", 25)
        best_ms = float("inf")
        for _ in range(ATTEMPTS):
            start = time.monotonic()
            host = work.start_host()
            best_ms = min(best_ms, (time.monotonic() - start) * 1000)
            resident = status_kib(host.pid, "VmHWM")
            work.stop_host(host)
            check(resident < RESIDENT_KIB_MAX, f"{resident} KiB resident")
        print(f"ready in {best_ms:.0f} ms, {resident} KiB resident")
        check(best_ms < READY_MS_MAX, f"ready only after {best_ms:.0f} ms")


if __name__ == "__main__":
    main()
