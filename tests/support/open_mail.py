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
import subprocess
import sys
import tempfile


def fail(text):
    sys.exit(f"open_mail: {text}")


def run(words, **options):
    done = subprocess.run(words, capture_output=True, check=False, **options)
    if done.returncode != 0:
        fail(f"{' '.join(words)}\n{done.stderr.decode('utf-8', 'replace')}")
    return done


def openssl_decrypt(pki, recipient, source, target):
    run(["openssl", "cms", "-decrypt", "-in", source, "-out", target, "-recip",
         os.path.join(pki, "certs/other-people", recipient + ".pem"), "-inkey", os.path.join(pki, "partner", recipient + ".key")])


def openssl_verify(pki, source, target):
    run(["openssl", "cms", "-verify", "-in", source, "-out", target, "-CAfile", os.path.join(pki, "certs/roots/ca.pem")])


class Gpgsm:
    """A throw-away GnuPG home with the partner's key and the trusted test CA."""

    def __init__(self, pki, recipient):
        self.home = tempfile.mkdtemp(prefix="hawser-gpg-")
        os.chmod(self.home, 0o700)
        with open(os.path.join(self.home, "gpgsm.conf"), "w", encoding="utf-8") as file:
            file.write("disable-crl-checks\n")
        with open(os.path.join(self.home, "gpg-agent.conf"), "w", encoding="utf-8") as file:
            file.write("allow-loopback-pinentry\n")
        root = os.path.join(pki, "certs/roots/ca.pem")
        print_line = run(["openssl", "x509", "-in", root, "-noout", "-fingerprint", "-sha1"]).stdout.decode()
        with open(os.path.join(self.home, "trustlist.txt"), "w", encoding="utf-8") as file:
            file.write(print_line.strip().split("=")[1] + " S relax\n")
        bundle = os.path.join(self.home, "partner.p12")
        # gpgsm 2.2 reads only the old PKCS#12 encryption.
        run(["openssl", "pkcs12", "-export", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1",
             "-out", bundle, "-passout", "pass:test", "-inkey",
             os.path.join(pki, "partner", recipient + ".key"), "-in", os.path.join(pki, "certs/other-people", recipient + ".pem")])
        self.call(["--import", root])
        self.call(["--import", bundle])

    def call(self, words):
        return run(["gpgsm", "--homedir", self.home, "--batch", "--yes", "--pinentry-mode", "loopback",
                    "--passphrase-fd", "0"] + words, input=b"test\n")

    def store(self, name, content):
        path = os.path.join(self.home, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def close(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False)
        subprocess.run(["rm", "-rf", self.home], check=False)


def gpgsm_open(options, content):
    """The entity inside, by gpgsm alone; Python's email package only undoes the transfer encoding."""
    gpg = Gpgsm(options.pki, options.recipient)
    try:
        if options.seals in ("both", "encrypted"):
            content = gpg.call(["--decrypt", gpg.store("enveloped", mail_of(content).get_payload(decode=True))]).stdout
        if options.seals in ("both", "signed"):
            content = gpgsm_verify(gpg, content)
        return content
    finally:
        gpg.close()


def gpgsm_verify(gpg, content):
    content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")    # a Maildir keeps bare LFs; CRLF is what was signed
    signed = mail_of(content)
    if signed.get_content_type() != "multipart/signed":
        target = os.path.join(gpg.home, "inner")
        gpg.call(["--output", target, "--verify", gpg.store("signed", signed.get_payload(decode=True))])
        with open(target, "rb") as file:
            return file.read()
    boundary = b"--" + signed.get_boundary().encode()
    inner = content.split(boundary)[1].removeprefix(b"\r\n")[:-2]
    signature = gpg.store("signature", signed.get_payload()[1].get_payload(decode=True))
    data = gpg.store("data", inner)
    gpg.call(["--verify", signature, data])
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
    content = openssl_open(options, options.mail) if options.tool == "openssl" else gpgsm_open(options, raw)
    parts = [part.get_payload(decode=True) for part in mail_of(content).walk() if not part.is_multipart()]
    if expected not in parts:
        fail(f"none of the {len(parts)} parts is {options.expected}:\n{content[:1000]!r}")


if __name__ == "__main__":
    main()
