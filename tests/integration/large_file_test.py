#!/usr/bin/python3
"""`hawser send` of 1 GiB through sign + encrypt: under 48 MiB resident, and the same SHA-256 after decryption.

HAWSER_LARGE_MIB=N sends N MiB instead.
"""
import base64
import hashlib
import mmap
import os
import re
import subprocess
import time

import harness
from harness import Work, check, status_kib

RESIDENT_KIB_MAX = 48 * 1024
MIB = 1 << 20


def make_file(path, size_mib):
    """Blocks that differ from each other, so that nothing lost, repeated or swapped goes unseen."""
    digest = hashlib.sha256()
    block = os.urandom(MIB)
    with open(path, "wb") as file:
        for number in range(size_mib):
            piece = number.to_bytes(8, "big") + block[8:]
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()


def send(work):
    """Gives the peak resident memory in KiB; it is read while the process runs, and from wait4 at its end."""
    process = subprocess.Popen([work.given.hawser, "send", "bindings.json", "--port", "Out", "in.bin"], cwd=work.folder,
                               stdin=subprocess.DEVNULL)
    work.processes.append(process)
    peak = 0
    while True:
        try:
            peak = max(peak, status_kib(process.pid, "VmHWM"))
        except (AssertionError, OSError, ProcessLookupError):
            pass     # it is ending: a zombie has no memory
        if process.poll() is not None:
            break
        time.sleep(0.05)
    check(process.returncode == 0, f"hawser send: {process.returncode}")
    return peak


def body_digest(path, size_mib):
    """The SHA-256 of the base64 part in a MIME entity, read line by line: the entity is larger than memory should be."""
    digest, count, in_header, is_base64 = hashlib.sha256(), 0, True, False
    pending = bytearray()
    with open(path, "rb") as file:
        for line in file:
            line = line.rstrip(b"\r\n")
            if line.startswith(b"--"):
                in_header, is_base64 = True, False
            elif in_header:
                is_base64 = is_base64 or line.lower() == b"content-transfer-encoding: base64"
                in_header = line != b""
            elif is_base64 and count < size_mib * MIB:
                pending += line
                if len(pending) >= 76 * 4096:
                    whole = len(pending) // 4 * 4
                    piece = base64.b64decode(pending[:whole])
                    pending = pending[whole:]
                    digest.update(piece)
                    count += len(piece)
    piece = base64.b64decode(pending)
    digest.update(piece)
    return digest.hexdigest(), count + len(piece)


def split_signed(path, content_path, signature_path):
    """The two parts of a multipart/signed: openssl reads them apart in a stream, and the whole line by line, which takes minutes."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mail:
        boundary = b"--" + re.search(rb'boundary="([^"]+)"', mail[:4096])[1]
        begin = mail.find(b"\r\n" + boundary + b"\r\n") + len(boundary) + 4
        end = mail.find(b"\r\n" + boundary + b"\r\n", begin)
        signature = mail[end + len(boundary) + 4:].split(b"\r\n\r\n", 1)[1].split(b"--", 1)[0]
        with open(content_path, "wb") as content:
            for at in range(begin, end, MIB):
                content.write(mail[at:min(at + MIB, end)])
    with open(signature_path, "wb") as file:
        file.write(base64.b64decode(signature))


def main():
    given = harness.options()
    size_mib = int(os.environ.get("HAWSER_LARGE_MIB", "1024"))
    with Work(given) as work:
        expected = make_file(work.path("in.bin"), size_mib)
        port, out = work.server("", program="streaming_sink.py")
        # ClearSign inside the envelope: one base64 layer less than BlobSign, so that openssl's 2 GiB limit is not reached.
        work.bindings("sealed", port, {"pipelines": {"Sealed": {"encode": [{"component": "SMIMEEncoder", "properties": {
            "SignatureType": "ClearSign", "EnableEncryption": True, "EncryptionAlgorithm": "AES256", "CheckRevocationList": False,
            "HeaderProtection": "hcp_baseline"}}]}}})
        start = time.monotonic()
        peak = send(work)
        seconds = time.monotonic() - start
        print(f"{size_mib} MiB in {seconds:.1f} s ({size_mib / seconds:.0f} MiB/s), {peak} KiB resident", flush=True)
        check(peak < RESIDENT_KIB_MAX, f"{peak} KiB resident, at most {RESIDENT_KIB_MAX}")
        os.remove(work.path("in.bin"))
        mail, opened = os.path.join(out, "message.eml"), work.path("opened.eml")
        key = os.path.join(given.pki, "partner/partner.key")
        subprocess.run(["openssl", "cms", "-decrypt", "-in", mail, "-inkey", key, "-out", opened,
                        "-recip", os.path.join(given.pki, "certs/other-people/partner.pem")], check=True)
        content, signature = work.path("content"), work.path("signature")
        split_signed(opened, content, signature)
        subprocess.run(["openssl", "cms", "-verify", "-inform", "DER", "-in", signature, "-content", content, "-binary", "-out",
                        os.devnull, "-CAfile", os.path.join(given.pki, "certs/roots/ca.pem")], check=True)
        digest, size = body_digest(content, size_mib)
        check(size == size_mib * MIB and digest == expected, f"the content differs: {size} bytes, {digest}")
        print("decrypted and verified by openssl: the same SHA-256")


if __name__ == "__main__":
    main()
