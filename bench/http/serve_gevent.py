"""The small API on gevent's pywsgi, without an access log. Prints its port.

pywsgi sends the head and the body apart; without TCP_NODELAY each answer would wait 40 ms for the client's delayed acknowledgement.
"""
import json

from gevent import socket
from gevent.pywsgi import WSGIServer


def app(environ, start_response):
    body = json.dumps(
        {"path": environ["PATH_INFO"], "name": "Ada Lovelace", "langs": ["ada", "c"], "active": True, "score": 42.5},
        separators=(",", ":"),
    ).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


listener = socket.socket()
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # those that it accepts inherit it
listener.bind(("127.0.0.1", 0))
listener.listen(1024)
server = WSGIServer(listener, app, log=None)
server.start()
print(server.server_port, flush=True)
server.serve_forever()
