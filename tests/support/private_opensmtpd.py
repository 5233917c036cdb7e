"""A private OpenSMTPD 6.8 on two free loopback ports: see private_server.py.

On `port` it takes mail in clear text: every recipient @example.test into one Maildir, but reject@ (550), and messages of up to SIZE_MAX.
It has neither PIPELINING nor CHUNKING nor SMTPUTF8. On `tls_port` it demands STARTTLS and AUTH (user "bus", password "secret", PLAIN and
LOGIN) before; but Debian 12's is not able to do TLS as a server, because it is built with OpenSSL 3 and its privilege separation is not
made for that (OpenSMTPD issue 1171): the handshake breaks.
"""
import os
import subprocess

from private_server import PEERS, PrivateServer, free_port

SIZE_MAX = 8 << 20
USER, QUEUE_USER = 64922, 64923

CONFIGURATION = """
pki test cert "{folder}/server.pem"
pki test key "{folder}/server.key"
table credentials {{ "bus" = "{password}" }}
table everybody {{ "@" = "nobody" }}
smtp max-message-size {size_max}
listen on 127.0.0.1 port {port} hostname opensmtpd.example.test
listen on 127.0.0.1 port {tls_port} tls-require pki test hostname opensmtpd.example.test auth <credentials>
action "inbox" maildir "{folder}/mail" virtual <everybody>
match from any for any rcpt-to "reject@example.test" reject
match from any for domain "example.test" action "inbox"
"""

class PrivateOpensmtpd(PrivateServer):
    name, users = "opensmtpd", {"opensmtpd": USER, "opensmtpq": QUEUE_USER}
    over = {"spool": "/var/spool", "lib": "/var/lib", "run": "/run", os.path.join(PEERS, "opensmtpd/usr/libexec"): "/usr/libexec"}
    program = os.path.join(PEERS, "opensmtpd/usr/sbin/smtpd")

    def write_files(self):
        for name in ("spool/smtpd", "lib/opensmtpd/empty", "run"):
            self.make_folder(name, mode=0o711)
        self.take_certificate(0)
        password = subprocess.run(["openssl", "passwd", "-6", "secret"], capture_output=True, text=True, check=True).stdout.strip()
        self.tls_port = free_port()
        self.write("smtpd.conf", CONFIGURATION.format(folder=self.folder, port=self.port, tls_port=self.tls_port, size_max=SIZE_MAX,
                                                      password=password), mode=0o600)

    def words(self):
        return [self.program, "-d", "-v", "-f", self.path("smtpd.conf")]
