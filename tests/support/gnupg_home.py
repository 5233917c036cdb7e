"""A folder of GnuPG's for gpgsm, which trusts one test CA."""
import os
import subprocess

PASSPHRASE = "test"


def run(words, **options):
    """The output of a program that has to succeed."""
    done = subprocess.run(words, capture_output=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stderr.decode('utf-8', 'replace')}")
    return done.stdout


class GnupgHome:
    """`root` is the CA's PEM file. close() ends the agent that gpgsm starts; the folder stays."""

    def __init__(self, folder, root):
        self.folder = folder
        os.makedirs(folder, mode=0o700, exist_ok=True)
        fingerprint = run(["openssl", "x509", "-in", root, "-noout", "-fingerprint", "-sha1"]).decode().strip().split("=")[1]
        self._write("gpgsm.conf", "disable-crl-checks\n")
        self._write("gpg-agent.conf", "allow-loopback-pinentry\n")
        self._write("trustlist.txt", f"{fingerprint} S relax\n")
        self.call("--import", root)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        subprocess.run(["gpgconf", "--homedir", self.folder, "--kill", "all"], check=False)

    def call(self, *words):
        """gpgsm's output; AssertionError with its errors where it fails."""
        return run(["gpgsm", "--homedir", self.folder, "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase-fd", "0", *words],
                   input=f"{PASSPHRASE}\n".encode())

    def import_key(self, key, certificate):
        """gpgsm 2.2 reads only the old PKCS#12 encryption, and of that not every file: with some salts it derives another key than
        everybody else (11 of 800 files, always the same ones). So a file that it cannot read is written again with other salts."""
        bundle = os.path.join(self.folder, "key.p12")
        for tries_left in reversed(range(5)):
            run(["openssl", "pkcs12", "-export", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1",
                 "-out", bundle, "-passout", f"pass:{PASSPHRASE}", "-inkey", key, "-in", certificate])
            try:
                self.call("--import", bundle)
                return
            except AssertionError:
                if tries_left == 0:
                    raise

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)
