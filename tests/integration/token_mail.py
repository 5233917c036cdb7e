"""What the tests with PKCS #11 tokens share: a SoftHSM with keys and certificates, bindings that use them, and a look at what arrived."""
import glob
import json
import os
import subprocess
import time

from harness import check, run_scenario

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "482913"
TAKEN_SECONDS_MAX = 30
EXTENSIONS = (b"keyUsage=critical,digitalSignature,keyEncipherment,keyAgreement\nextendedKeyUsage=emailProtection\n"
              b"subjectAltName=email:bus@example.test\n")


class Token:
    """A SoftHSM of the test's own, with one token; made by the programs that its operators have."""

    def __init__(self, work):
        self.work = work
        os.mkdir(work.path("tokens"))
        os.mkdir(work.path("issued"))
        work.write("softhsm2.conf", f"directories.tokendir = {work.path('tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n".encode())
        os.environ["SOFTHSM2_CONF"] = work.path("softhsm2.conf")
        self.serial = 8100

    def run(self, *words):
        done = subprocess.run(words, cwd=self.work.folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        check(done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def make(self, label="bus"):
        self.run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "75319642")

    def tool(self, *words, label="bus"):
        return self.run("pkcs11-tool", "--module", MODULE, "--token-label", label, "--login", "--pin", PIN, *words)

    def make_key(self, name, number, kind, *more, label="bus"):
        """Made in the token; or, on a curve that pkcs11-tool gives no public key of, outside and imported."""
        if kind.startswith("P-"):
            key = self.work.path(f"issued/{name}.key")
            self.run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{kind}", "-out", key)
            self.run("openssl", "pkey", "-in", key, "-pubout", "-out", self.work.path(f"issued/{name}.pub"))
            self.run("softhsm2-util", "--import", key, "--token", label, "--label", name, "--id", f"{number:02x}", "--pin", PIN)
            os.remove(key)
            return
        usages = ["--usage-sign", "--usage-derive"] if kind.startswith("EC") else []
        self.tool("--keypairgen", "--key-type", kind, "--id", f"{number:02x}", "--label", name, *usages, *more, label=label)
        made = self.work.path(f"issued/{name}.pub.der")
        self.tool("--read-object", "--type", "pubkey", "--id", f"{number:02x}", "--output-file", made, label=label)
        self.run("openssl", "pkey", "-pubin", "-inform", "DER", "-in", made, "-out", self.work.path(f"issued/{name}.pub"))

    def issue(self, name, days=90):
        """A certificate of the tests' authority for a key in the token; gives its path, in PEM."""
        self.serial += 1
        self.work.write("issued/extensions", EXTENSIONS)
        made, spare = self.work.path(f"issued/{name}.pem"), self.work.path("issued/spare")
        pki = self.work.given.pki
        # The request is signed with another key: only the token can use its own, and the authority is given the public one.
        self.run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", spare + ".key", "-out", spare + ".csr")
        self.run("openssl", "x509", "-req", "-in", spare + ".csr", "-force_pubkey", self.work.path(f"issued/{name}.pub"),
                 "-CA", os.path.join(pki, "certs/roots/ca.pem"), "-CAkey", os.path.join(pki, "ca/ca.key"), "-set_serial", str(self.serial),
                 "-days", str(days), "-extfile", self.work.path("issued/extensions"), "-out", made)
        return made

    def put(self, certificate, number, name, label="bus"):
        self.run("openssl", "x509", "-in", certificate, "-outform", "DER", "-out", certificate + ".der")
        self.tool("--write-object", certificate + ".der", "--type", "cert", "--id", f"{number:02x}", "--label", name, label=label)


def provide(token, keys, *more):
    """What a test begins with: the PIN's file, a body to send, and the token with these keys and a certificate for each."""
    token.work.write("pin", PIN.encode() + b"\n")
    token.work.write("body.txt", b"hello\r\n")
    token.make()
    for name, (number, kind) in keys.items():
        token.make_key(name, number, kind, *more)
        token.put(token.issue(name), number, name)


class RemovableToken(Token):
    """One that hawser can lose while it runs, by its own module (tests/support/removable_token.cpp), which counts the logins too."""

    def __init__(self, work):
        super().__init__(work)
        self.module = os.path.join(os.path.dirname(work.given.pki), "removable_token.so")
        os.environ.update({"REMOVABLE_TOKEN_MODULE": MODULE, "REMOVABLE_TOKEN_PULLED": work.path("pulled"),
                           "REMOVABLE_TOKEN_LOGINS": work.path("logins")})

    def pull(self):
        self.work.write("pulled", b"")

    def put_back(self):
        os.remove(self.work.path("pulled"))

    def logins(self, line):
        """How often hawser logged in as the line has it: "user 0x0" is a login that the token took, "for one use 0xa0" a wrong PIN."""
        if not os.path.exists(self.work.path("logins")):
            return 0
        with open(self.work.path("logins"), encoding="ascii") as file:
            return file.read().splitlines().count(line)


def tokens(work, uri="pkcs11:token=bus", module=MODULE):
    return [{"module": module, "token": uri, "pin": {"file": work.path("pin")}}]


def sealing(port, work, patch=None, signing="pkcs11:token=bus;object=rsa", component=None, **token):
    """Bindings of a host that signs with a certificate in the token, and receives for it."""
    work.bindings("sealed", port, run_scenario.merge_patch({
        "host": {"certificates": {"personal": None, "tokens": tokens(work, **token), "signing": signing}},
        "plugins": ["smtp", "smime", "smime_decoder"],
        "pipelines": {"Sealed": {"encode": [{"component": "SMIMEEncoder", "properties": {
            "SignatureType": "ClearSign", "CheckRevocationList": False, **(component or {})}}]}},
        "receivePorts": [{"name": "In", "pipeline": {"decode": [{"component": "SMIMEDecoder", "properties": {
            "CheckRevocationList": False, "AllowUnauthenticatedEncryption": True}}]}}],
        "sendPorts": [{"name": "Out", "state": "started", "pipeline": "Sealed", "encryptionCertificates": [], "primaryTransport": {
            "type": "SMTP", "address": "mailto:ap@example.test", "retryCount": 100, "retryInterval": "1s",
            "properties": {"Subject": "Test"}}}]}, patch or {}))


def log_of(work):
    with open(work.path("host.log"), encoding="utf-8") as log:
        return log.read()


def warnings_of(work):
    return [line for line in log_of(work).splitlines() if "a certificate file or token has a problem" in line]


def waiting(work):
    return json.loads(work.hawser("messages", "list", "bindings.json", "--limit", "1000", "--json"))["messages"]


def wait_until(is_so, what):
    deadline = time.monotonic() + TAKEN_SECONDS_MAX
    while not is_so():
        check(time.monotonic() < deadline, f"this did not come: {what}")
        time.sleep(0.05)


def verify(work, path):
    """Throws where openssl takes it for no good signature of a certificate of our authority; gives who signed, and how."""
    signer = path + ".signer"
    subprocess.run(["openssl", "cms", "-verify", "-in", path, "-CAfile", os.path.join(work.given.pki, "certs/roots/ca.pem"),
                    "-purpose", "any", "-signer", signer, "-out", os.devnull], check=True, capture_output=True)
    subject = subprocess.run(["openssl", "x509", "-in", signer, "-noout", "-subject", "-nameopt", "RFC2253"], check=True,
                             capture_output=True, text=True).stdout
    printed = subprocess.run(["openssl", "cms", "-cmsout", "-print", "-in", path], check=True, capture_output=True, text=True).stdout
    return subject.strip().removeprefix("subject=CN="), printed


def arrived(out):
    return sorted(glob.glob(os.path.join(out, "messages", "*.eml")))


def accepted(out):
    """Those that the server has taken: what was broken off has not been sent."""
    found = []
    for path in arrived(out):
        with open(path.removesuffix(".eml") + ".json", encoding="utf-8") as file:
            if json.load(file)["accepted"]:
                found.append(path)
    return found
