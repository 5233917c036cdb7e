"""What the private mail servers share: a folder, users and places of their own, a free loopback port, a Maildir. The system's are not touched.

A program of a package that is only unpacked (packaging/install-dependencies.sh --tests) finds its users, spool and run folders in a mount
namespace: files and folders of the private folder lie there over the system's, for this program and its children alone. That needs root.
"""
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PEERS = os.environ.get("HAWSER_PEERS", "/var/cache/hawser/peers")
READY_SECONDS_MAX = 30
STOP_SECONDS_MAX = 10
START_ATTEMPTS = 5      # the port is free when it is chosen, but another program may take it before the server does

# Pairs of private path and system path, "--", then the program.
IN_NAMESPACE = """
while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 1; shift 2; done
shift
exec "$@"
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PrivateServer:
    """Subclasses give name, users {name: id}, over {private path: system path}, write_files() and words()."""
    name, users, over = "server", {}, {}

    def __init__(self, pki):
        self.pki = os.path.abspath(pki)
        self.folder, self.port, self.process = None, 0, None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix=f"hawser-{self.name}-")
        os.chmod(self.folder, 0o755)
        try:
            self.make_folder("mail", 65534)
            self.make_users()
            for attempt in range(START_ATTEMPTS):
                self.port = free_port()
                self.write_files()
                self.start()
                if self.is_ready():
                    return self
                if attempt + 1 < START_ATTEMPTS:
                    self.end_process()
            raise RuntimeError(f"{self.name} did not start:\n{self.log()}")
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def path(self, name):
        return os.path.join(self.folder, name)

    def make_folder(self, name, owner=0, mode=0o755):
        os.makedirs(self.path(name), exist_ok=True)
        os.chmod(self.path(name), mode)
        shutil.chown(self.path(name), owner, owner)

    def write(self, name, text, owner=0, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        shutil.chown(self.path(name), owner, owner)

    def make_users(self):
        for name, line in (("passwd", "{0}:x:{1}:{1}::/nonexistent:/usr/sbin/nologin\n"), ("group", "{0}:x:{1}:\n")):
            with open(os.path.join("/etc", name), encoding="utf-8") as file:
                text = file.read()
            self.write(name, text + "".join(line.format(user, number) for user, number in self.users.items()))

    def take_certificate(self, owner):
        """The test CA's server certificate and key, readable for a user who may not look into the PKI."""
        for kind in ("pem", "key"):
            with open(os.path.join(self.pki, "server", "server." + kind), encoding="ascii") as file:
                self.write("server." + kind, file.read(), owner, 0o600)

    def start(self):
        places = {"passwd": "/etc/passwd", "group": "/etc/group", **self.over} if self.users else self.over
        binds = [word for private, system in places.items() for word in (self.path(private), system)]
        with open(self.path("output"), "ab") as output:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "sh", "-c", IN_NAMESPACE, "sh", *binds, "--", *self.words()],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)

    def is_ready(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                    if probe.recv(200).startswith(b"220"):
                        probe.sendall(b"QUIT\r\n")
                        return True
            except OSError:
                time.sleep(0.02)
        return False

    def log_files(self):
        return ["output"]

    def log(self):
        text = ""
        for name in self.log_files():
            try:
                with open(self.path(name), encoding="utf-8", errors="replace") as file:
                    text += file.read()
            except FileNotFoundError:
                pass
        return text

    def wait_for_log(self, text, seconds=20):
        deadline = time.monotonic() + seconds
        while text not in self.log():
            if time.monotonic() > deadline:
                raise RuntimeError(f"the log of {self.name} has no {text!r}:\n{self.log()}")
            time.sleep(0.02)

    def messages(self, count=0, seconds=30):
        """The paths of what was delivered; waits until there are `count` of them."""
        deadline = time.monotonic() + seconds
        while True:
            found = sorted(glob.glob(self.path("mail/new/*")), key=os.path.getmtime)
            if len(found) >= count:
                return found
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(found)} of {count} messages arrived\n{self.log()}")
            time.sleep(0.02)

    def end_process(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)     # what it has left of its own session
        except ProcessLookupError:
            pass
        self.process = None

    def stop(self):
        self.end_process()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None
