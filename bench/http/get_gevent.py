"""Fetches pages with gevent, by one of two libraries: `get_gevent.py requests|urllib3 …`, the rest as `pages.py` says.

Connections are kept alive, as ours are.
"""
from gevent import monkey

monkey.patch_all()

from gevent.pool import Pool

from pages import AT_ONCE, NAME, URLS, check, rounds

if NAME == "requests":
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


for _ in rounds():
    check(sum(Pool(AT_ONCE).map(get, URLS)))
