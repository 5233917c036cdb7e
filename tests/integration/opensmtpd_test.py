#!/usr/bin/python3
"""OpenSMTPD 6.8, a server with few extensions: no PIPELINING, CHUNKING or SMTPUTF8; and one whose TLS handshake breaks."""
import harness
from harness import Work, check
from peer_mail import check_rich_mail, delivery, parsed, port_with, rich_mail
from private_opensmtpd import SIZE_MAX, PrivateOpensmtpd
from private_postfix import as_root

CLEAR = {"sendHandlers": {"SMTP": {"TLS": "none"}}}


def merged(*patches):
    result = {}
    for patch in patches:
        result = harness.run_scenario.merge_patch(result, patch)
    return result


def content(given, server, number):
    for body in (bytes(range(256)) * 40, bytes(range(256)) * (12 << 10)):
        with Work(given) as work:
            properties = rich_mail(work, body)
            work.bindings("tls", server.port, merged(CLEAR, port_with("ap@example.test", **properties)))
            delivery(work, 0)
            number += 1
            check_rich_mail(parsed(server.messages(number)[-1]), properties, body)
    print("text, HTML, image and attachments without PIPELINING and CHUNKING: the same at the other end")
    return number


def refused(given, server, number):
    with Work(given) as work:
        work.write("in.bin", b"Hello\r\n")
        work.bindings("tls", server.port, merged(CLEAR, port_with("ap@example.test", CC="reject@example.test, two@example.test")))
        mixed = delivery(work, 69)
        check(mixed["state"] == "suspended" and "reject@example.test" in str(mixed), f"{mixed}")
        number += 2
        server.messages(number)
        work.bindings("tls", server.port, merged(CLEAR, port_with("jörg@example.test")))
        check("smtp.extension-missing" in str(delivery(work, 69)), "SMTPUTF8 is not there")
        work.write("in.bin", bytes(SIZE_MAX))
        work.bindings("tls", server.port, CLEAR)
        check("smtp.too-large" in str(delivery(work, 69)), "larger than SIZE")
        check(len(server.messages()) == number, "something was delivered")
    print("one of several refused; SMTPUTF8 not offered; too large")
    return number


def broken_tls(given, server, number):
    """Where Debian's OpenSMTPD has been mended meanwhile, it has to take the message."""
    with Work(given) as work:
        work.write("in.bin", b"Hello\r\n")
        work.write("password", b"secret\n")
        work.bindings("tls", server.tls_port, {"sendHandlers": {"SMTP": {
            "SMTPAuthenticate": "basic", "Username": "bus", "Password": {"file": "password"}}}})
        text = work.hawser("send", "bindings.json", "--port", "Out", "--json", "in.bin", expect=(0, 75))
        if "missing private key" in server.log():
            check("smtp.tls" in text and "retrying" in text, text)
            check(len(server.messages()) == number and server.log().count(" authentication ") == 0, server.log())
            print("a handshake that breaks: retried, nothing went in clear text")
        else:
            server.messages(number + 1)
            print("STARTTLS and AUTH accepted")


def main():
    as_root()
    given = harness.options()
    with PrivateOpensmtpd(given.pki) as server:
        number = content(given, server, 0)
        number = refused(given, server, number)
        broken_tls(given, server, number)


if __name__ == "__main__":
    main()
