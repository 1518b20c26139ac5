"""Twisted: Deferreds, waited for by inlineCallbacks, which is faster in this than `async def` over the same Deferreds.

A Deferred resumes who waits for it on the spot, with no turn of the reactor between: only what needs the reactor runs in it.
"""
import sys

from twisted.internet import reactor
from twisted.internet.defer import (
    Deferred, DeferredList, DeferredQueue, DeferredSemaphore, gatherResults, inlineCallbacks, maybeDeferred, succeed,
)
from twisted.internet.task import cooperate, deferLater
from twisted.python.failure import Failure


def switch(times, watch, parameter):
    """Deferreds stand in for it: each fires the other one's and waits for its own."""
    left = None
    right = Deferred()

    @inlineCallbacks
    def first():
        nonlocal left
        for i in range(times // 2):
            answer = left = Deferred()
            right.callback(i)
            yield answer

    @inlineCallbacks
    def second():
        nonlocal right
        for i in range(times // 2):
            yield right
            right = Deferred()
            left.callback(i)

    result_of(gatherResults([second(), first()]))


def spawn(times, watch, parameter):
    result_of(gatherResults([trivial() for _ in range(times)]))


def yield_(times, watch, tasks):
    """cooperate() is its way to take turns: for ten milliseconds at a time, then the reactor serves the others."""
    rounds = max(1, times // tasks)
    in_reactor(lambda: gatherResults([cooperate(turns(rounds)).whenDone() for _ in range(tasks)]))
    return rounds * tasks


def queue(times, watch, size):
    """Its queue throws when it is full: a semaphore stands in for the wait for room.

    The consumer is first: an item is handed to who waits, and a long list of items, which it shifts at each get, never comes about.
    """
    between, room = DeferredQueue(), DeferredSemaphore(size) if size else None
    result_of(gatherResults([consume(between, room, times), produce(between, room, times)]))


def sleepers(times, watch, parameter):
    in_reactor(lambda: gatherResults([nap((10 + i * 7919 % 991) / 1000) for i in range(times)]))


def depth(times, watch, depth):
    sys.setrecursionlimit(1000 + 10 * depth)  # each return resumes the caller, on top of its own frames
    in_reactor(lambda: down(depth, times))


def kill(times, watch, parameter):
    all_of_them = [wait() for _ in range(times)]
    watch.start()
    for one in all_of_them:
        one.cancel()
    result_of(DeferredList(all_of_them, consumeErrors=True))


def timeout(times, watch, parameter):
    @inlineCallbacks
    def main():
        for _ in range(times):
            yield succeed(None).addTimeout(1, reactor)
        yield deferLater(reactor, 0)  # by which the reactor drops those that were cancelled

    in_reactor(main)


@inlineCallbacks
def trivial():
    return
    yield


def turns(rounds):
    for _ in range(rounds):
        yield


@inlineCallbacks
def produce(between, room, items):
    for i in range(items):
        if room is not None:
            yield room.acquire()
        between.put(i)


@inlineCallbacks
def consume(between, room, items):
    total = 0
    for _ in range(items):
        total += yield between.get()
        if room is not None:
            room.release()
    return total


@inlineCallbacks
def nap(seconds):
    yield deferLater(reactor, seconds)


@inlineCallbacks
def down(level, times):
    if level > 1:
        yield down(level - 1, times)
        return
    for _ in range(times):
        yield deferLater(reactor, 0)


@inlineCallbacks
def wait():
    yield Deferred()


def in_reactor(start):
    """crash() ends the loop alone: after stop() the reactor could not be run again."""
    ended = Deferred()
    reactor.callWhenRunning(lambda: maybeDeferred(start).chainDeferred(ended))
    ended.addBoth(crash)
    reactor.run()
    result_of(ended)


def crash(result):
    reactor.crash()
    return result


def result_of(deferred):
    """Throws what went wrong, or that it has not fired."""
    results = []
    deferred.addBoth(results.append)
    (result,) = results
    if isinstance(result, Failure):
        result.raiseException()
    return result
