#!/usr/bin/python3
"""An SMTP server that streams one large message to DIR/message.eml without holding it: see scripted_smtp.py for the options.

It does only what a large transfer needs: EHLO, MAIL, RCPT, DATA, QUIT, in this order, pipelined or not.
"""
import argparse
import os
import socket
import sys

BLOCK = 1 << 20


class Connection:
    def __init__(self, sock, path):
        self.sock, self.path, self.buffer = sock, path, b""

    def line(self):
        while b"\r\n" not in self.buffer:
            data = self.sock.recv(BLOCK)
            if not data:
                raise ConnectionError("closed")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def serve(self):
        self.sock.sendall(b"220 sink.example.test ESMTP\r\n")
        while True:
            verb = self.line().split(b" ")[0].upper()
            if verb == b"EHLO":
                self.sock.sendall(b"250-sink.example.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
            elif verb == b"DATA":
                self.sock.sendall(b"354 Go\r\n")
                self.content()
                self.sock.sendall(b"250 2.0.0 Kept\r\n")
            elif verb == b"QUIT":
                self.sock.sendall(b"221 2.0.0 Bye\r\n")
                return
            else:
                self.sock.sendall(b"250 2.0.0 Ok\r\n")

    def content(self):
        """Undoes the dot-stuffing (RFC 5321 4.5.2). A block ends before a CRLF, so that no ".." or final dot is cut in two."""
        with open(self.path, "wb") as file:
            pending = b"\r\n" + self.buffer      # as if a line had ended before the first
            skip = 2
            while True:
                end = pending.find(b"\r\n.\r\n")
                cut = end + 2 if end >= 0 else max(0, pending.rfind(b"\r\n"))
                block = pending[:cut].replace(b"\r\n..", b"\r\n.")
                file.write(block[skip:])
                skip -= min(skip, len(block))
                if end >= 0:
                    self.buffer = pending[end + 5:]
                    return
                data = self.sock.recv(BLOCK)
                if not data:
                    raise ConnectionError("closed in the content")
                pending = pending[cut:] + data


def main():
    parser = argparse.ArgumentParser(description="streaming SMTP sink")
    for name in ("--script", "--out", "--pki"):
        parser.add_argument(name)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"port {listener.getsockname()[1]}", flush=True)
    while True:
        sock, _ = listener.accept()
        try:
            Connection(sock, os.path.join(options.out, "message.eml")).serve()
        except (ConnectionError, OSError) as error:
            print(f"streaming_sink: {error}", file=sys.stderr)
        finally:
            sock.close()


if __name__ == "__main__":
    main()
