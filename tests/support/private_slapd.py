"""OpenLDAP's server as a test wants it: a folder, a database and loopback ports of its own, and only what is given to it as entries. The
package is only unpacked (packaging/install-dependencies.sh --tests); nothing of the system is touched, and it runs as whoever runs the test.
"""
import base64
import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time

PEER = os.path.join(os.environ.get("HAWSER_PEERS", "/var/cache/hawser/peers"), "slapd")
READY_SECONDS_MAX = 30
SUFFIX = "dc=test"
CONFIG = """include {peer}/etc/ldap/schema/core.schema
modulepath {peer}/usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCACertificateFile {root}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
database mdb
maxsize 104857600
directory {folder}/data
suffix "{suffix}"
access to dn.exact="cn=closed,{suffix}" by * none
access to * by * read
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PrivateSlapd:
    """`entries`: LDIF. The ports are ldap_port and ldaps_port."""

    def __init__(self, entries, root, certificate, key):
        self.entries, self.files = entries, {"root": root, "certificate": certificate, "key": key}
        self.folder, self.process, self.ldap_port, self.ldaps_port = None, None, free_port(), free_port()

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="hawser-slapd-")
        os.mkdir(self.path("data"))
        self.write("slapd.conf", CONFIG.format(peer=PEER, folder=self.folder, suffix=SUFFIX, **self.files))
        self.write("entries.ldif", f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: test\no: Test\n\n" + self.entries)
        try:
            self.run("-T", "add", "-l", self.path("entries.ldif"))
            addresses = f"ldap://127.0.0.1:{self.ldap_port}/ ldaps://127.0.0.1:{self.ldaps_port}/"
            with open(self.path("output"), "wb") as output:
                self.process = subprocess.Popen(self.words("-d", "0", "-h", addresses), env=self.environment(), stdin=subprocess.DEVNULL, stdout=output,
                                                stderr=output)
            self.wait()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def words(self, *words):
        return [os.path.join(PEER, "usr/sbin/slapd"), *words, "-f", self.path("slapd.conf")]

    def environment(self):
        return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(glob.glob(os.path.join(PEER, "usr/lib/*-linux-*")))}

    def run(self, *words):
        done = subprocess.run(self.words(*words), env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"slapd {words}: {done.stderr.decode('utf-8', 'replace')}")

    def wait(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while True:
            try:
                for port in (self.ldap_port, self.ldaps_port):
                    socket.create_connection(("127.0.0.1", port), 5).close()
                return
            except OSError as failure:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    with open(self.path("output"), encoding="utf-8", errors="replace") as output:
                        raise RuntimeError(f"slapd did not start:\n{output.read()}") from failure
                time.sleep(0.05)


def published(name, **attributes):
    """An entry that a CRL is published in, as LDIF: certificateRevocationList, deltaRevocationList."""
    values = "".join(f"{attribute};binary:: {base64.b64encode(value).decode()}\n" for attribute, value in attributes.items())
    return f"dn: cn={name},{SUFFIX}\nobjectClass: cRLDistributionPoint\ncn: {name}\n{values}\n"
