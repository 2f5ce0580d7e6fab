"""A TCP proxy that holds every byte back for a while, as a network of that length does."""
import queue
import socket
import threading
import time


class DelayProxy:
    """Listens on a free port of loopback and forwards to (host, port); `delay` is the time of one way, in seconds."""

    def __init__(self, host, port, delay):
        self.target, self.delay = (host, port), delay
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pump(client, server)
            self._pump(server, client)

    def _pump(self, source, target):
        waiting = queue.SimpleQueue()

        def receive():
            data = True
            while data:
                try:
                    data = source.recv(65536)
                except OSError:
                    data = b""
                waiting.put((time.monotonic() + self.delay, data))

        def send():
            while True:
                due, data = waiting.get()
                rest = due - time.monotonic()
                if rest > 0:
                    time.sleep(rest)
                try:
                    if not data:
                        target.shutdown(socket.SHUT_WR)
                        return
                    target.sendall(data)
                except OSError:
                    return

        for work in (receive, send):
            threading.Thread(target=work, daemon=True).start()
