"""Echo server of gevent: its own StreamServer. Prints its port."""
from gevent.server import StreamServer


def echo(socket, address):
    while True:
        data = socket.recv(65536)
        if not data:
            return
        socket.sendall(data)


server = StreamServer(("127.0.0.1", 0), echo)
server.start()
print(server.server_port, flush=True)
server.serve_forever()
