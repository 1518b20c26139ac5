"""Fetches a thousand pages with a pool of a hundred greenlets of gevent: `get.py library port warm-ups measured`.

Prints the nanoseconds per page, the median of the measured rounds. Connections are kept alive, as ours are.
"""
from gevent import monkey

monkey.patch_all()

import sys
from statistics import median
from time import perf_counter

from gevent.pool import Pool

PAGES, AT_ONCE, BYTES = 1000, 100, 1024

library, port, warm_ups, measured = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
urls = ["http://127.0.0.1:%s/page/%d" % (port, n) for n in range(PAGES)]

if library == "requests":
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=AT_ONCE))

    def get(url):
        return len(session.get(url).content)

else:
    import urllib3

    manager = urllib3.PoolManager(maxsize=AT_ONCE)

    def get(url):
        return len(manager.request("GET", url).data)


def once():
    began = perf_counter()
    total = sum(Pool(AT_ONCE).map(get, urls))
    took = perf_counter() - began
    assert total == PAGES * BYTES, total
    return took / PAGES * 1e9


for _ in range(warm_ups):
    once()
print(median(once() for _ in range(measured)))
