#!/usr/bin/python3
"""An OAuth 2 token endpoint that does what a text script says, and records what it was asked.

    scripted_token.py --script FILE --out DIR --pki DIR

It prints "port N" once it listens, and ends on SIGTERM. HTTPS with the PKI's server certificate unless the script says otherwise.

    tls none | tls certificate wrong-name
    200 {"access_token": "abc", "token_type": "Bearer", "expires_in": 3600}      the answer to the first request, and so on;
    503 busy                                                                     the last one stays
    slow 500 200 {...}                                                           ... after so many milliseconds
    hang, garbage, close                                                         no answer; no HTTP; none and the end

DIR/transcript has for each request "1 C: POST /token", "1 C: authorization ..." and "1 C: body ...", with "1 -: connected" before.
"""
import argparse
import os
import signal
import socket
import ssl
import sys
import threading
import time


class Endpoint:
    def __init__(self, text, out, pki):
        self.answers, self.certificate, self.lock, self.count = [], "server", threading.Lock(), 0
        for line in text.splitlines():
            words = line.split()
            if words[:1] == ["tls"]:
                self.certificate = None if words[1] == "none" else words[2]
            elif words and not line.startswith("#"):
                self.answers.append(line.strip())
        self.context = None
        if self.certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            base = os.path.join(pki, "server", self.certificate)
            self.context.load_cert_chain(base + ".pem", base + ".key")
        os.makedirs(out, exist_ok=True)
        self.transcript = open(os.path.join(out, "transcript"), "ab", buffering=0)

    def note(self, number, text):
        self.transcript.write(f"{number} {text}\n".encode())

    def next_answer(self):
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def serve(self, sock, number):
        try:
            self.note(number, "-: connected")
            sock = self.context.wrap_socket(sock, server_side=True) if self.context else sock
            self.read_request(sock, number)
            self.answer(sock, self.next_answer())
        except (OSError, ssl.SSLError) as error:
            self.note(number, f"-: ended {error}")
        finally:
            sock.close()

    def read_request(self, sock, number):
        received = b""
        while b"\r\n\r\n" not in received:
            piece = sock.recv(65536)
            if not piece:
                raise OSError("no request")
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        while len(body) < int(fields["content-length"]):
            body += sock.recv(65536)
        self.note(number, "C: " + lines[0].rsplit(" ", 1)[0])
        self.note(number, "C: authorization " + fields.get("authorization", "none"))
        self.note(number, "C: body " + body.decode())

    def answer(self, sock, action):
        word, _, rest = action.partition(" ")
        if word == "slow":
            milliseconds, _, rest = rest.partition(" ")
            time.sleep(int(milliseconds) / 1000)
            return self.answer(sock, rest)
        if word == "hang":
            return sock.recv(1)
        if word == "garbage":
            return sock.sendall(b"\x00\xff\xfe no HTTP\r\n" * 10)
        if word == "close":
            return None
        kind = "application/json" if rest.startswith("{") else "text/html"
        return sock.sendall(f"HTTP/1.1 {word} X\r\nContent-Type: {kind}\r\nContent-Length: {len(rest)}\r\n"
                            f"Connection: close\r\n\r\n{rest}".encode())


def main():
    parser = argparse.ArgumentParser(description="scripted token endpoint")
    parser.add_argument("--script", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--pki", required=True)
    options = parser.parse_args()
    with open(options.script, encoding="utf-8") as file:
        endpoint = Endpoint(file.read(), options.out, options.pki)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(f"port {listener.getsockname()[1]}", flush=True)
    number = 0
    while True:
        sock, _ = listener.accept()
        number += 1
        threading.Thread(target=endpoint.serve, args=(sock, number), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
