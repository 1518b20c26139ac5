"""greenlet's own C: switches, without a loop. Nobody schedules, nobody sleeps, nothing is served in between."""
import sys
from collections import deque

from greenlet import getcurrent, greenlet


def switch(times, watch, parameter):
    def first(value):
        while True:
            second_one.switch(1)

    def second(value):
        for _ in range(times // 2):
            first_one.switch(2)

    first_one, second_one = greenlet(first), greenlet(second)
    first_one.switch(0)


def spawn(times, watch, parameter):
    kept = []
    for _ in range(times):
        one = greenlet(trivial)
        one.switch()
        kept.append(one)


def yield_(times, watch, tasks):
    """Each hands control to the one that has been ready for longest, with no hub between."""
    rounds = max(1, times // tasks)
    main, ready = getcurrent(), deque()

    def spin():
        me = getcurrent()
        main.switch()  # all are started from here: none lies upon another one's frames
        for _ in range(rounds):
            ready.append(me)
            ready.popleft().switch()

    ready.extend(greenlet(spin) for _ in range(tasks))
    for one in ready:
        one.switch()
    while ready:
        ready.popleft().switch()
    return rounds * tasks


def depth(times, watch, depth):
    sys.setrecursionlimit(1000 + depth)
    main = getcurrent()

    def down(level):
        if level > 1:
            return down(level - 1)
        for _ in range(times):
            main.switch()

    one = greenlet(down)
    one.switch(depth)
    for _ in range(times):
        one.switch()


def kill(times, watch, parameter):
    """throw() ends it: it is joined when control is back."""
    all_of_them = [greenlet(wait) for _ in range(times)]
    for one in all_of_them:
        one.switch()
    watch.start()
    for one in all_of_them:
        one.throw()


def trivial():
    pass


def wait():
    getcurrent().parent.switch()
