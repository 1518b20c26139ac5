"""The process of one measurement: python3 measure.py <library> <run> <times> <parameter>. Prints the measurement as JSON.

A file with_<library>.py has a function for each run: def switch(times, watch, parameter). What is measured is all of it, or what lies
between watch.start() and watch.stop(). It may return how often the work was done, when that is not `times`.

Before what is measured there is a run of a tenth: Python compiles nothing, but its interpreter learns too. Then it is measured again and
again until half a second has passed, five times at the most, and the median counts, as in Node.
"""
import gc
import json
import re
import sys
from importlib import import_module
from keyword import iskeyword
from time import perf_counter, process_time

sys.dont_write_bytecode = True  # nobody commits it

ENOUGH_SECONDS = 0.5
MOST_RUNS = 5


class Watch:
    def __init__(self):
        self.start()

    def start(self):
        gc.collect()
        self.wall = None
        self.cpu_began, self.began = process_time(), perf_counter()

    def stop(self):
        if self.wall is None:
            self.wall, self.cpu = perf_counter() - self.began, process_time() - self.cpu_began


def timed(run, times, parameter):
    """Seconds on the clock, seconds of processors, and how often the work was done."""
    watch = Watch()
    done = run(times, watch, parameter)
    watch.stop()
    return watch.wall, watch.cpu, times if done is None else done


def memory(field):
    """What Linux says of this process, in bytes: VmRSS now, VmHWM the most so far. None elsewhere.

    Not getrusage(): its most begins with that of the process by which this one was started.
    """
    try:
        with open('/proc/self/status') as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith(field)), None)
    except OSError:
        return None


def function_name(run):
    """`a run-to-be` is a_run_to_be, and a word of Python's own gets a `_`: yield_."""
    name = re.sub(r'\W+', '_', run)
    return name + '_' if iskeyword(name) else name


def main(library, name, times, parameter):
    run = getattr(import_module('with_' + library), function_name(name))
    times, parameter = int(times), int(parameter)
    before = memory('VmRSS:')
    timed(run, max(1, times // 10), parameter)
    measured = []
    while len(measured) < MOST_RUNS and sum(wall for wall, _, _ in measured) < ENOUGH_SECONDS:
        measured.append(timed(run, times, parameter))
    peak = memory('VmHWM:')
    wall, cpu, done = sorted(measured)[len(measured) // 2]
    print(json.dumps({
        'wallNs': wall / done * 1e9,
        'cpuNs': cpu / done * 1e9,
        'peakBytes': None if before is None or peak is None else (peak - before) / done,
    }))


main(*sys.argv[1:])
