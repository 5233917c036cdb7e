#!/usr/bin/python3
"""A third party's SMTP server (aiosmtpd) on loopback that demands STARTTLS and keeps each message as a file.

    receiver.py --certificate FILE --key FILE --out DIR          prints "port N" once it listens; ends on SIGTERM
"""
import argparse
import asyncio
import os
import signal
import ssl

from aiosmtpd.smtp import SMTP

MESSAGE_BYTES_MAX = 64 << 20


class Keeper:
    def __init__(self, folder):
        self.folder, self.count = folder, 0

    async def handle_DATA(self, _server, session, envelope):
        self.count += 1
        path = os.path.join(self.folder, f"message-{self.count}.eml")
        with open(path + ".part", "wb") as file:
            file.write(envelope.original_content)
        os.replace(path + ".part", path)
        return "250 2.0.0 Kept" if session.ssl else "554 5.7.0 Not without TLS"


async def serve(options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate, options.key)
    keeper = Keeper(options.out)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(keeper, tls_context=context, require_starttls=True, data_size_limit=MESSAGE_BYTES_MAX), "127.0.0.1", 0)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    await stopped.wait()
    server.close()


def main():
    parser = argparse.ArgumentParser(description="a receiver for the quickstart")
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--out", required=True)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
