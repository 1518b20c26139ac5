"""The small API by Twisted's web server, without an access log. Prints its port."""
import json

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site


class Api(Resource):
    isLeaf = True

    def render_GET(self, request):
        request.setHeader(b"Content-Type", b"application/json")
        path = request.path.decode()
        page = {"path": path, "name": "Ada Lovelace", "langs": ["ada", "c"], "active": True, "score": 42.5}
        return json.dumps(page, separators=(",", ":")).encode()


class Quiet(Site):
    def log(self, request):
        pass


port = reactor.listenTCP(0, Quiet(Api()), backlog=1024, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
