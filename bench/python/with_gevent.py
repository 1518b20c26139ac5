"""gevent: greenlet with a loop, on libev."""
import sys

import gevent
from gevent.hub import Waiter
from gevent.pool import Group, Pool
from gevent.queue import Queue


def switch(times, watch, parameter):
    """Its greenlets are greenlet's: they have a switch() too, past the hub."""
    def first():
        second_one.switch()  # the first switch starts it, and takes no value
        while True:
            second_one.switch(1)

    def second():
        for _ in range(times // 2):
            first_one.switch(2)

    first_one, second_one = gevent.spawn(first), gevent.spawn(second)
    second_one.join()
    watch.stop()
    first_one.kill()


def spawn(times, watch, parameter):
    gevent.joinall([gevent.spawn(trivial) for _ in range(times)])


def yield_(times, watch, tasks):
    rounds = max(1, times // tasks)
    gevent.joinall([gevent.spawn(spin, rounds) for _ in range(tasks)])
    return rounds * tasks


def queue(times, watch, size):
    between = Queue(size or None)
    gevent.joinall([gevent.spawn(produce, between, times), gevent.spawn(consume, between, times)])


def sleepers(times, watch, parameter):
    gevent.joinall([gevent.spawn(gevent.sleep, (10 + i * 7919 % 991) / 1000) for i in range(times)])


def depth(times, watch, depth):
    sys.setrecursionlimit(1000 + depth)
    gevent.spawn(down, depth, times).join()


def kill(times, watch, parameter):
    all_of_them = [gevent.spawn(wait) for _ in range(times)]
    gevent.sleep(0)
    watch.start()
    gevent.killall(all_of_them)


def timeout(times, watch, parameter):
    for _ in range(times):
        with gevent.Timeout(1):
            pass


def pool(times, watch, at_once):
    Pool(at_once).map(give_way, range(times))


def nursery(times, watch, size):
    groups = max(1, times // size)
    for _ in range(groups):
        group = Group()
        for i in range(size):
            group.spawn(give_way, i)
        group.join()
    return groups * size


def trivial():
    pass


def give_way(item):
    gevent.sleep(0)
    return item


def spin(rounds):
    for _ in range(rounds):
        gevent.sleep(0)


def produce(between, items):
    for i in range(items):
        between.put(i)


def consume(between, items):
    return sum(between.get() for _ in range(items))


def down(level, times):
    if level > 1:
        return down(level - 1, times)
    for _ in range(times):
        gevent.sleep(0)


def wait():
    Waiter().get()
