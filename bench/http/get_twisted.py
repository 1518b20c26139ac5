"""Fetches pages by Twisted's Agent: `get_twisted.py agent …`, the rest as `pages.py` says.

Coroutines, as many as pages are fetched at once, each of which takes the next page.
"""
from twisted.internet.defer import ensureDeferred, gatherResults
from twisted.internet.task import react
from twisted.web.client import Agent, HTTPConnectionPool, readBody

from pages import AT_ONCE, URLS, check, rounds


async def take(agent, left):
    total = 0
    for url in left:
        total += len(await readBody(await agent.request(b"GET", url)))
    return total


async def main(reactor):
    pool = HTTPConnectionPool(reactor)
    pool.maxPersistentPerHost = AT_ONCE
    agent = Agent(reactor, pool=pool)
    urls = [url.encode() for url in URLS]
    for _ in rounds():
        left = iter(urls)
        check(sum(await gatherResults([ensureDeferred(take(agent, left)) for _ in range(AT_ONCE)])))
    await pool.closeCachedConnections()


react(lambda reactor: ensureDeferred(main(reactor)))
