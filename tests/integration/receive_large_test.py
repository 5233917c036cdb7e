#!/usr/bin/python3
"""A mail of 1 GiB, encrypted by openssl with AES-GCM, comes in through a receive port: the host stays under 48 MiB resident, and
what it stored is what was sealed.

HAWSER_LARGE_MIB=N takes N MiB instead.
"""
import hashlib
import os
import subprocess
import time

import harness
from harness import Work, check, status_kib

RESIDENT_KIB_MAX = 48 * 1024
MIB = 1 << 20
HEADER = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n"
ENVELOPE = (b"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=authEnveloped-data; name=smime.p7m\r\n"
            b"Content-Transfer-Encoding: binary\r\n\r\n")


def seal(work, size_mib):
    """Pipes blocks that differ from each other through openssl into sealed.eml; gives the content's SHA-256."""
    digest = hashlib.sha256()
    block = os.urandom(MIB)
    with open(work.path("sealed.eml"), "wb") as mail:
        mail.write(ENVELOPE)
        mail.flush()
        with subprocess.Popen(["openssl", "cms", "-encrypt", "-stream", "-binary", "-aes-256-gcm", "-outform", "DER",
                               os.path.join(work.given.pki, "certs/other-people/partner.pem")],
                              stdin=subprocess.PIPE, stdout=mail) as openssl:
            openssl.stdin.write(HEADER)
            for number in range(size_mib):
                piece = number.to_bytes(8, "big") + block[8:]
                openssl.stdin.write(piece)
                digest.update(piece)
            openssl.stdin.close()
            check(openssl.wait() == 0, "openssl cms -encrypt failed")
    return digest.hexdigest()


def stored_digest(work, size_mib):
    """Of the first bytes of the one body file; the store's own trailer stands behind them."""
    folder = work.path("state/messagebox.db.bodies")
    names = os.listdir(folder)
    check(len(names) == 1, f"{len(names)} bodies are stored, expected 1")
    digest = hashlib.sha256()
    with open(os.path.join(folder, names[0]), "rb") as body:
        for _ in range(size_mib):
            digest.update(body.read(MIB))
    return digest.hexdigest()


def main():
    given = harness.options()
    size_mib = int(os.environ.get("HAWSER_LARGE_MIB", "1024"))
    with Work(given) as work:
        os.mkdir(work.path("ours"))
        with open(work.path("ours/partner.pem"), "wb") as ours:
            for name in ("certs/other-people/partner.pem", "partner/partner.key"):
                with open(os.path.join(given.pki, name), "rb") as file:
                    ours.write(file.read())
        work.bindings("receive", 9, {"pipelines": {"Opened": {"decode": [{"component": "SMIMEDecoder", "properties": {
            "Require": "encrypted"}}]}}, "sendPorts": [{"name": "Out", "state": "stopped"}]})
        expected = seal(work, size_mib)
        host = work.start_host()
        start = time.monotonic()
        work.hawser("submit", "bindings.json", "--receive-port", "In", "--port", "Out", "sealed.eml")
        seconds = time.monotonic() - start
        peak = status_kib(host.pid, "VmHWM")
        print(f"{size_mib} MiB in {seconds:.1f} s ({size_mib / seconds:.0f} MiB/s), {peak} KiB resident", flush=True)
        check(peak < RESIDENT_KIB_MAX, f"{peak} KiB resident, at most {RESIDENT_KIB_MAX}")
        check(stored_digest(work, size_mib) == expected, "what is stored is not what was sealed")
        work.stop_host(host)


if __name__ == "__main__":
    main()
