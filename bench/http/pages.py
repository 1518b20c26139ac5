"""What the programs have in common that fetch pages: `get_….py name port pages at-once bytes warm-up-ms measured-ms`, as `pages.ts` has it."""
import json
import sys
from time import perf_counter, process_time

NAME, PORT = sys.argv[1:3]
PAGES, AT_ONCE, BYTES, WARM_UP_MS, MEASURED_MS = map(int, sys.argv[3:8])
URLS = ["http://127.0.0.1:%s/page/%d" % (PORT, n) for n in range(PAGES)]


def rounds():
    """As often as all pages are to be fetched. At the end a measurement is printed, each figure for one page."""
    warm = perf_counter() + WARM_UP_MS / 1e3
    while perf_counter() < warm:
        yield
    began, cpu_began, done = perf_counter(), process_time(), 0
    while done == 0 or perf_counter() - began < MEASURED_MS / 1e3:
        yield
        done += PAGES
    took, cpu = perf_counter() - began, process_time() - cpu_began
    print(json.dumps({"wallNs": took / done * 1e9, "cpuNs": cpu / done * 1e9, "peakBytes": None}))


def check(got):
    if got != PAGES * BYTES:
        raise Exception("%s has fetched %d bytes." % (NAME, got))
