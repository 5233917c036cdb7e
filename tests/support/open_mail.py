#!/usr/bin/python3
"""Opens a sealed mail with other people's programs and compares what was in it, byte for byte.

    open_mail.py --pki DIR [--seals both|signed|encrypted] [--tool openssl|gpgsm] [--recipient partner] MAIL EXPECTED

Decrypts with the partner's key, verifies the signature against the test CA, and finds a MIME part whose decoded content is the
file EXPECTED. Exit code 0, or 1 with the reason.
"""
import argparse
import email
import email.policy
import os
import sys
import tempfile

from gnupg_home import GnupgHome, run


def fail(text):
    sys.exit(f"open_mail: {text}")


def openssl_decrypt(pki, recipient, source, target):
    run(["openssl", "cms", "-decrypt", "-in", source, "-out", target, "-recip",
         os.path.join(pki, "certs/other-people", recipient + ".pem"), "-inkey", os.path.join(pki, "partner", recipient + ".key")])


def openssl_verify(pki, source, target):
    run(["openssl", "cms", "-verify", "-in", source, "-out", target, "-CAfile", os.path.join(pki, "certs/roots/ca.pem")])


def store(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


def gpgsm_open(options, content):
    """The entity inside, by gpgsm alone; Python's email package only undoes the transfer encoding."""
    with tempfile.TemporaryDirectory(prefix="hawser-gpg-", ignore_cleanup_errors=True) as folder, \
            GnupgHome(folder, os.path.join(options.pki, "certs/roots/ca.pem")) as gpg:
        if options.seals in ("both", "encrypted"):
            gpg.import_key(os.path.join(options.pki, "partner", options.recipient + ".key"),
                           os.path.join(options.pki, "certs/other-people", options.recipient + ".pem"))
            content = gpg.call("--decrypt", store(folder, "enveloped", mail_of(content).get_payload(decode=True)))
        if options.seals in ("both", "signed"):
            content = gpgsm_verify(gpg, folder, content)
        return content


def gpgsm_verify(gpg, folder, content):
    content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")    # a Maildir keeps bare LFs; CRLF is what was signed
    signed = mail_of(content)
    if signed.get_content_type() != "multipart/signed":
        target = os.path.join(folder, "inner")
        gpg.call("--output", target, "--verify", store(folder, "signed", signed.get_payload(decode=True)))
        with open(target, "rb") as file:
            return file.read()
    boundary = b"--" + signed.get_boundary().encode()
    inner = content.split(boundary)[1].removeprefix(b"\r\n")[:-2]
    signature = store(folder, "signature", signed.get_payload()[1].get_payload(decode=True))
    gpg.call("--verify", signature, store(folder, "data", inner))
    return inner


def mail_of(content):
    return email.message_from_bytes(content, policy=email.policy.SMTP)


def openssl_open(options, source):
    with tempfile.TemporaryDirectory(prefix="hawser-open-") as folder:
        current = source
        if options.seals in ("both", "encrypted"):
            openssl_decrypt(options.pki, options.recipient, current, os.path.join(folder, "decrypted"))
            current = os.path.join(folder, "decrypted")
        if options.seals in ("both", "signed"):
            openssl_verify(options.pki, current, os.path.join(folder, "verified"))
            current = os.path.join(folder, "verified")
        with open(current, "rb") as file:
            return file.read()


def main():
    parser = argparse.ArgumentParser(description="open a sealed mail")
    parser.add_argument("--pki", required=True)
    parser.add_argument("--seals", choices=["both", "signed", "encrypted", "none"], default="both")
    parser.add_argument("--tool", choices=["openssl", "gpgsm"], default="openssl")
    parser.add_argument("--recipient", default="partner")
    parser.add_argument("mail")
    parser.add_argument("expected")
    options = parser.parse_args()
    with open(options.mail, "rb") as file:
        raw = file.read()
    with open(options.expected, "rb") as file:
        expected = file.read()
    try:
        content = openssl_open(options, options.mail) if options.tool == "openssl" else gpgsm_open(options, raw)
    except AssertionError as error:
        fail(error)
    parts = [part.get_payload(decode=True) for part in mail_of(content).walk() if not part.is_multipart()]
    if expected not in parts:
        fail(f"none of the {len(parts)} parts is {options.expected}:\n{content[:1000]!r}")


if __name__ == "__main__":
    main()
