#!/usr/bin/python3
"""A private Postfix on a free loopback port, with its own configuration, queue and data folders; the system's is not touched.

    with PrivatePostfix(pki) as postfix: ... postfix.port, postfix.messages()          # from tests
    private_postfix.py --pki DIR                    # prints "port N" and "mail DIR", runs until SIGTERM or ^C
    private_postfix.py --relay-to PORT              # a relay to 127.0.0.1:PORT, as quick as it goes: "port N", "queue DIR"

STARTTLS with the test CA's server certificate; AUTH (Cyrus SASL, user "bus", password "secret") only inside TLS, by PLAIN and LOGIN
unless other mechanisms are named.
It takes every recipient @example.test into one Maildir, but reject@ (550) and defer@ (450). It needs root, because Postfix does:
others than root run it through sudo -n.
"""
import argparse
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

READY_SECONDS_MAX = 30
START_ATTEMPTS = 5      # the port is free when it is chosen, but another program may take it before Postfix does

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/maillog
maillog_file_prefixes = {folder}
myhostname = {hostname}
import_environment = MAIL_CONFIG {environment}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
smtputf8_enable = yes
message_size_limit = 4294967296
virtual_mailbox_limit = 0
mailbox_size_limit = 0
virtual_mailbox_domains = example.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 1
virtual_alias_maps =
alias_maps =
alias_database =
local_recipient_maps =
smtpd_recipient_restrictions =
  check_recipient_access inline:{{ {{ reject@example.test = 550 5.1.1 No such user here }},
    {{ defer@example.test = 450 4.2.0 Come back later }} }}{authenticated},
  reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = {pki}/server/server.pem
smtpd_tls_key_file = {pki}/server/server.key
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = postfix.example.test
smtpd_sasl_security_options = noanonymous
cyrus_sasl_config_path = {folder}/config/sasl
"""

# For benchmarks: no delay, no limit, no look-up, no TLS between what is taken and what is given on; connections are kept.
RELAY_CF = """
relayhost = [127.0.0.1]:{relay_port}
virtual_mailbox_domains =
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = permit_mynetworks, reject
disable_dns_lookups = yes
in_flow_delay = 0
smtpd_client_event_limit_exceptions = static:all
smtpd_client_connection_count_limit = 0
smtpd_tls_security_level = none
smtpd_sasl_auth_enable = no
smtp_tls_security_level = none
default_process_limit = 200
qmgr_message_active_limit = 100000
qmgr_message_recipient_limit = 100000
default_destination_concurrency_limit = 32
initial_destination_concurrency = 32
smtp_connection_cache_destinations = [127.0.0.1]:{relay_port}
smtp_connection_reuse_count_limit = 0
"""

MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
flush unix n - n 1000? 0 flush
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

SASL_CONF = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: {mechanisms}
sasldb_path: {folder}/config/sasl/sasldb2
{keytab}
"""


def run(words, **options):
    done = subprocess.run(words, capture_output=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout.decode()} {done.stderr.decode()}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def changed(base, changes):
    """main.cf with each setting once: postlogd warns of a second one to itself, and may wait for itself for ever."""
    settings = {}
    for text in (base, changes):
        for setting in re.split(r"\n(?=\S)", text.strip()):
            settings[setting.split("=")[0].strip()] = setting
    return "\n".join(settings.values()) + "\n"


class PrivatePostfix:
    def __init__(self, pki, requires_authentication=False, mechanisms="PLAIN LOGIN", hostname="postfix.example.test", kerberos=None,
                 relay_port=None):
        self.relay_port = relay_port
        self.pki, self.requires_authentication, self.mechanisms = os.path.abspath(pki), requires_authentication, mechanisms
        self.hostname, self.kerberos = hostname, kerberos     # kerberos: the environment of smtpd and the keytab's path
        self.folder, self.port = None, 0

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="hawser-postfix-")
        os.chmod(self.folder, 0o755)
        try:
            for attempt in range(START_ATTEMPTS):
                self.port = free_port()
                self.write_files()
                if self.start() or attempt + 1 == START_ATTEMPTS:
                    break
                self.command("stop")
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def write_files(self):
        for name in ("config/sasl", "queue", "data", "mail", "log"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        values = {"folder": self.folder, "pki": self.pki, "port": self.port, "mechanisms": self.mechanisms,
                  "hostname": self.hostname, "environment": "", "keytab": "",
                  "authenticated": ",\n  permit_sasl_authenticated, reject" if self.requires_authentication else ""}
        if self.kerberos:
            environment, keytab = self.kerberos
            values["environment"] = " ".join(f"{name}={value}" for name, value in environment.items())
            values["keytab"] = f"keytab: {keytab}"
        main_cf = MAIN_CF
        if self.relay_port:
            values["relay_port"] = self.relay_port
            main_cf = changed(MAIN_CF, RELAY_CF)
        for name, text in (("config/main.cf", main_cf), ("config/master.cf", MASTER_CF), ("config/sasl/smtpd.conf", SASL_CONF)):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(text.format(**values))
        database = os.path.join(self.folder, "config/sasl/sasldb2")
        run(["saslpasswd2", "-c", "-p", "-f", database, "-u", "postfix.example.test", "bus"], input=b"secret")
        shutil.chown(database, "postfix")
        shutil.chown(os.path.join(self.folder, "data"), "postfix")
        shutil.chown(os.path.join(self.folder, "mail"), 65534, 65534)

    def command(self, verb):
        return subprocess.run(["postfix", "-c", os.path.join(self.folder, "config"), verb], capture_output=True, check=False)

    def start(self):
        done = self.command("start")
        self.start_text = done.stdout.decode() + done.stderr.decode()
        return done.returncode == 0

    def log(self):
        try:
            with open(os.path.join(self.folder, "log/maillog"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                    if probe.recv(200).startswith(b"220"):
                        probe.sendall(b"QUIT\r\n")
                        return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"Postfix did not start: {self.start_text}\n{self.log()}")

    def messages(self, count=0, seconds=30):
        """The paths of what was delivered; waits until there are `count` of them."""
        deadline = time.monotonic() + seconds
        while True:
            found = sorted(glob.glob(os.path.join(self.folder, "mail/inbox/new/*")), key=os.path.getmtime)     # their names do not order a second
            if len(found) >= count:
                return found
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(found)} of {count} messages arrived\n{self.log()}")
            time.sleep(0.05)

    def stop(self):
        if self.folder is None:
            return
        self.command("stop")
        deadline = time.monotonic() + READY_SECONDS_MAX     # "stop" returns before the master's last child has gone
        while self.command("status").returncode == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = None


def as_root():
    """Starts this program again under sudo where it was not started by root."""
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", "-n", sys.executable] + sys.argv)


def main():
    as_root()
    parser = argparse.ArgumentParser(description="private Postfix")
    parser.add_argument("--pki", default="")
    parser.add_argument("--relay-to", type=int)
    options = parser.parse_args()
    with PrivatePostfix(options.pki, relay_port=options.relay_to) as postfix:
        place = f"queue {postfix.folder}/queue" if options.relay_to else f"mail {postfix.folder}/mail/inbox/new"
        print(f"port {postfix.port}\n{place}", flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
