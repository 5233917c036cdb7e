"""A private Kerberos KDC (MIT) on a free loopback port, with its own configuration and database; the system's is not touched.

    with PrivateKdc() as kdc: ... kdc.environment (KRB5_CONFIG, ...), kdc.keytab       # realm EXAMPLE.TEST

It knows the user "bus" with the password "secret" and the service smtp/localhost, whose key is in the keytab.
"""
import os
import shutil
import socket
import subprocess
import tempfile
import time

READY_SECONDS_MAX = 30
REALM = "EXAMPLE.TEST"

KRB5_CONF = """
[libdefaults]
  default_realm = {realm}
  dns_lookup_realm = false
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
  }}
[domain_realm]
  localhost = {realm}
"""

KDC_CONF = """
[realms]
  {realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/acl
    kdc_listen = ""
    kdc_tcp_listen = 127.0.0.1:{port}
  }}
[logging]
  kdc = FILE:{folder}/kdc.log
"""


class PrivateKdc:
    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="hawser-kdc-")
        os.chmod(self.folder, 0o755)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for name, text in (("krb5.conf", KRB5_CONF), ("kdc.conf", KDC_CONF)):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(text.format(realm=REALM, port=self.port, folder=self.folder))
        self.environment = {"KRB5_CONFIG": os.path.join(self.folder, "krb5.conf")}
        self.keytab = os.path.join(self.folder, "smtp.keytab")
        self.process = None
        try:
            self.make_database()
            self.process = subprocess.Popen(["/usr/sbin/krb5kdc", "-n", "-r", REALM], env=self.server_environment())
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def server_environment(self):
        return {**os.environ, **self.environment, "KRB5_KDC_PROFILE": os.path.join(self.folder, "kdc.conf")}

    def make_database(self):
        for words in (["/usr/sbin/kdb5_util", "create", "-s", "-r", REALM, "-P", "master"],
                      ["/usr/sbin/kadmin.local", "-r", REALM, "addprinc", "-pw", "secret", "bus"],
                      ["/usr/sbin/kadmin.local", "-r", REALM, "addprinc", "-randkey", "smtp/localhost"],
                      ["/usr/sbin/kadmin.local", "-r", REALM, "ktadd", "-k", self.keytab, "smtp/localhost"]):
            done = subprocess.run(words, env=self.server_environment(), capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError(f"{' '.join(words)}: {done.stdout} {done.stderr}")
        shutil.chown(self.keytab, "postfix")

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the KDC did not start")

    def stop_serving(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def stop(self):
        self.stop_serving()
        shutil.rmtree(self.folder, ignore_errors=True)
