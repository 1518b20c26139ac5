"""Plays the cases with Python's requests: cases as JSON on standard input, their outcomes as JSON on standard output.

play.ts is the same for ours; what a read is called and what it answers has to be the same on both sides.
"""
import json
import sys

# As Debian installs it: what may be installed besides changes what is asked for and what is understood.
for extra in ("brotli", "brotlicffi", "zstandard", "simplejson"):
    sys.modules[extra] = None

import requests  # noqa: E402
import urllib3  # noqa: E402
from requests import compat  # noqa: E402
from requests.auth import HTTPDigestAuth  # noqa: E402

OPTIONS = {"allowRedirects": "allow_redirects", "timeoutMs": "timeout", "maxRedirects": "max_redirects"}


def revive(value):
    """Bytes and iterators, which JSON does not have."""
    if isinstance(value, dict):
        if "$bytes" in value:
            return bytes.fromhex(value["$bytes"])
        if "$chunks" in value:
            return (chunk.encode() for chunk in value["$chunks"])
        return {name: revive(one) for name, one in value.items()}
    if isinstance(value, list):
        return [revive(one) for one in value]
    return value


def seconds(timeout):
    return tuple(one / 1000 for one in timeout) if isinstance(timeout, list) else timeout / 1000


def auth(value):
    return HTTPDigestAuth(*value["$digest"]) if isinstance(value, dict) else tuple(value)


def options_of(given):
    options = {OPTIONS.get(name, name): revive(value) for name, value in given.items()}
    if "timeout" in options:
        options["timeout"] = seconds(options["timeout"])
    if "auth" in options:
        options["auth"] = auth(options["auth"])
    return options


def plain(content):
    return content if isinstance(content, str) else content.decode("latin1")


def raising(response):
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        return str(error)
    return "nothing"


def jar(cookies):
    # A dot before the domain says nothing any more.
    return sorted(f"{one.name}={one.value} {one.domain.removeprefix('.')}{one.path}" for one in cookies)


READS = {
    "text": lambda response: response.text,
    "encoding": lambda response: response.encoding or "none",
    "content": lambda response: response.content.hex(),
    "json": lambda response: response.json(),
    "ok": lambda response: response.ok,
    "raise": raising,
    "links": lambda response: response.links,
    "cookies": lambda response: jar(response.cookies),
    "redirect": lambda response: [response.is_redirect, response.is_permanent_redirect],
    "elapsed": lambda response: response.elapsed.total_seconds() > 0,
    "lines": lambda response: [plain(line) for line in response.iter_lines()],
    "lines of text": lambda response: list(response.iter_lines(decode_unicode=True)),
}


def read(response, what):
    name, _, rest = what.partition(":")
    if name == "header":
        return response.headers.get(rest, "none")
    if name == "chunks":
        return [plain(chunk) for chunk in response.iter_content(int(rest))]
    return READS[name](response)


def call(who, session, what):
    outcome = {}
    try:
        ask = getattr(who, what["method"].lower())
        response = ask(what["url"], **options_of(what.get("options", {})))
        outcome["status"] = response.status_code
        outcome["reason"] = response.reason
        outcome["url"] = response.url
        outcome["history"] = [f"{one.status_code} {one.url}" for one in response.history]
        for name in what["read"]:
            outcome[name] = jar(session.cookies) if name == "jar" else read(response, name)
    except Exception as error:
        outcome["error"] = type(error).__name__
    return outcome


def session_of(given):
    session = requests.Session()
    for name, value in options_of(given).items():
        if name in ("headers", "cookies", "params"):
            getattr(session, name).update(value)
        else:
            setattr(session, name, value)
    return session


def play(case):
    session = session_of(case.get("session", {}))
    with session:
        return [call(session if "session" in case else requests, session, one) for one in case["calls"]]


def main():
    work = json.load(sys.stdin)
    site = requests.Session()
    site.trust_env = False
    seen = lambda: site.get(work["site"] + "/-/next").json()  # noqa: E731
    seen()
    outcomes = []
    for case in work["cases"]:
        calls = play(case)
        outcomes.append({"calls": calls, "seen": seen()})
    versions = f"requests {requests.__version__}, urllib3 {urllib3.__version__}, chardet {compat.chardet.__version__}"
    json.dump({"versions": versions, "outcomes": outcomes}, sys.stdout)


main()
