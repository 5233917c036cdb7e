#!/usr/bin/python3
"""The encoder fails in every way that can be made from outside, and each time nothing leaves: the server is never asked to accept
a message, and the message is suspended, waits, or the bindings are refused, with a reason in words."""
import copy
import glob
import json
import os
import re
import subprocess

import harness
from harness import Work, check

LEAF = "basicConstraints = CA:false\nextendedKeyUsage = emailProtection\nkeyUsage = critical, "
SIGNS, TAKES = LEAF + "digitalSignature\n", LEAF + "keyEncipherment\n"
AUTHORITY = "basicConstraints = critical, CA:true\nkeyUsage = critical, keyCertSign, cRLSign\n"
RSA, CURVE = ["rsa:2048"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
NOW = ("20260101000000Z", "20460101000000Z")
CONFIG = """[ca]
default_ca = own
[own]
new_certs_dir = ca
database = ca/{issuer}.index
rand_serial = yes
crlnumber = ca/{issuer}.crlnumber
certificate = ca/{issuer}.crt
private_key = ca/{issuer}.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[extensions]
{extensions}
"""


class People:
    """Authorities, signers and recipients with one fault each; the folders that the bindings name."""

    def __init__(self, work):
        self.work = work
        for folder in ("ca", "personal", "other-people", "roots", "roots-stale", "roots-foreign-list", "roots-none", "roots-no-list"):
            os.mkdir(work.path(folder))
        self.authority("root")
        self.authority("stranger")
        self.issue("inner", AUTHORITY, RSA)
        self.begin("inner")
        self.make_leaves()
        self.make_lists()

    def run(self, *words):
        done = subprocess.run(words, cwd=self.work.folder, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        check(done.returncode == 0, f"{' '.join(words)}: {done.stderr.decode('utf-8', 'replace')}")

    def begin(self, issuer):
        self.work.write(f"ca/{issuer}.index", b"")
        self.work.write(f"ca/{issuer}.crlnumber", b"01\n")

    def authority(self, name):
        self.begin(name)
        self.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", f"/CN={name}", "-keyout",
                 f"ca/{name}.key", "-out", f"ca/{name}.crt", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def configure(self, issuer, extensions=""):
        self.work.write("ca/openssl.cnf", CONFIG.format(issuer=issuer, extensions=extensions).encode())

    def issue(self, name, extensions, kind, issuer="root", dates=NOW):
        self.run("openssl", "req", "-new", "-newkey", *kind, "-nodes", "-subj", f"/CN={name}", "-keyout", f"ca/{name}.key", "-out", f"ca/{name}.csr")
        self.configure(issuer, extensions)
        self.run("openssl", "ca", "-config", "ca/openssl.cnf", "-batch", "-notext", "-extensions", "extensions", "-startdate", dates[0],
                 "-enddate", dates[1], "-in", f"ca/{name}.csr", "-out", f"ca/{name}.crt")

    def make_leaves(self):
        past, future = ("20200101000000Z", "20210101000000Z"), ("20450101000000Z", "20460101000000Z")
        leaves = {"good": {}, "expired": {"dates": past}, "early": {"dates": future}, "revoked": {}, "unknown-issuer": {"issuer": "stranger"},
                  "no-intermediate": {"issuer": "inner"}}
        for name, options in leaves.items():
            self.issue(f"{name}-signer", SIGNS, RSA, **options)
            self.issue(f"{name}-partner", TAKES, RSA, **options)
        self.issue("usage-signer", LEAF + "keyEncipherment\n", RSA)
        self.issue("usage-partner", LEAF + "digitalSignature\n", RSA)
        self.issue("purpose-signer", SIGNS.replace("emailProtection", "serverAuth"), RSA)
        self.issue("purpose-partner", TAKES.replace("emailProtection", "serverAuth"), RSA)
        self.issue("curve-signer", SIGNS, CURVE)
        self.issue("curve-usage-partner", SIGNS, CURVE)
        self.issue("curve-purpose-partner", LEAF.replace("emailProtection", "serverAuth") + "keyAgreement\n", CURVE)
        self.issue("ed25519-signer", SIGNS, ["ed25519"])
        for name in ("keyless", "other-key"):
            self.issue(f"{name}-signer", SIGNS, RSA)
        for path in glob.glob(self.work.path("ca/*-signer.crt")):
            self.join(f"personal/{os.path.basename(path)[:-4]}.pem", path, path.replace(".crt", ".key"))
        for path in glob.glob(self.work.path("ca/*-partner.crt")):
            self.join(f"other-people/{os.path.basename(path)[:-4]}.pem", path)
        self.join("personal/keyless-signer.pem", self.work.path("ca/keyless-signer.crt"))
        self.join("personal/other-key-signer.pem", self.work.path("ca/other-key-signer.crt"), self.work.path("ca/good-signer.key"))
        self.work.write("other-people/garbage-partner.pem", b"-----BEGIN CERTIFICATE-----\nMIIBgarbage\n-----END CERTIFICATE-----\n")
        self.work.write("other-people/empty-partner.pem", b"")

    def make_lists(self):
        for name in ("revoked-signer", "revoked-partner"):
            self.configure("root")
            self.run("openssl", "ca", "-config", "ca/openssl.cnf", "-revoke", f"ca/{name}.crt")
        for folder, issuer, words in (("roots", "root", ["-crldays", "3650"]), ("roots-foreign-list", "stranger", ["-crldays", "3650"]),
                                      ("roots-stale", "root", ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20210101000000Z"])):
            self.configure(issuer)
            self.run("openssl", "ca", "-config", "ca/openssl.cnf", "-gencrl", *words, "-out", f"{folder}/list.crl")
        for folder in ("roots", "roots-stale", "roots-foreign-list", "roots-no-list"):
            self.join(f"{folder}/root.pem", self.work.path("ca/root.crt"))
        self.join("roots-none/stranger.pem", self.work.path("ca/stranger.crt"))

    def join(self, target, *sources):
        text = b""
        for source in sources:
            with open(source, "rb") as file:
                text += file.read()
        self.work.write(target, text)


def cases():
    """Name, properties of the encoder, changes of the bindings (signer, partners, trusted, before, after, port), exit codes, words."""
    both = {"SignatureType": "BlobSign", "EnableEncryption": True}
    faults = {"expired": "expired", "early": "not valid before", "revoked": "revoked", "unknown-issuer": "no chain|missing", "no-intermediate": "missing",
              "usage": "not usable", "purpose": "not usable"}
    for fault, words in faults.items():
        yield f"{fault} signer, BlobSign", {"SignatureType": "BlobSign"}, {"signer": f"{fault}-signer.pem"}, (69,), words
        yield f"{fault} signer, ClearSign", {"SignatureType": "ClearSign"}, {"signer": f"{fault}-signer.pem"}, (69,), words
        yield f"{fault} recipient", {"EnableEncryption": True}, {"partners": [f"{fault}-partner.pem"]}, (69,), words
        yield f"{fault} second recipient", both, {"partners": ["good-partner.pem", f"{fault}-partner.pem"]}, (69,), words
    for name, words in {"curve-usage": "keyAgreement", "curve-purpose": "emailProtection"}.items():
        yield f"{name} recipient", {"EnableEncryption": True}, {"partners": [f"{name}-partner.pem"]}, (69,), words
    yield "Ed25519 signer", both, {"signer": "ed25519-signer.pem"}, (69,), "not supported by this OpenSSL"
    yield "signer without key", both, {"signer": "keyless-signer.pem"}, (69, 78), "private key"
    yield "signer with another's key", both, {"signer": "other-key-signer.pem"}, (69, 78), "key"
    yield "signer that is not there", both, {"signer": "nobody.pem"}, (69, 78), "nobody"
    yield "no signer named", both, {"signer": None}, (69, 78), "sign"
    yield "recipient that is not there", both, {"partners": ["nobody.pem"]}, (69, 78), "nobody"
    yield "recipient that is garbage", both, {"partners": ["garbage-partner.pem"]}, (69, 78), "garbage"
    yield "recipient that is empty", both, {"partners": ["empty-partner.pem"]}, (69, 78), "empty"
    yield "no recipient named", both, {"partners": []}, (69, 78), "encrypt"
    yield "recipient of the message that is not there", both, {"property": "BTS.EncryptionCert=" + "ab" * 20}, (69,), "ab"
    yield "no list", both, {"trusted": "roots-no-list"}, (69,), "there is no CRL"
    yield "stale list", both, {"trusted": "roots-stale"}, (69,), "has expired"
    yield "another's list", both, {"trusted": "roots-foreign-list"}, (69,), "CRL"
    yield "another anchor", both, {"trusted": "roots-none"}, (69,), "missing|not among"
    yield "PSS with a curve", {**both, "SignaturePadding": "pss"}, {"signer": "curve-signer.pem"}, (69,), "RSA"
    yield "self that is not there", {**both, "EncryptToSelf": "nobody.pem"}, {}, (69,), "EncryptToSelf"
    yield "self that may only sign", {**both, "EncryptToSelf": "good-signer.pem"}, {}, (69,), "not usable"
    for name, value in {"EncryptionAlgorithm": "DES3", "Profile": "smime5", "Digest": "MD5", "KeyTransport": "raw", "SignaturePadding": "none",
                        "SignatureType": "Sign", "ContentTransferEncoding": "Rot13", "SendBodyPartAsAttachment": "perhaps",
                        "CheckRevocationLists": False, "HeaderProtection": "hcp_everything", "LegacyDisplay": "perhaps"}.items():
        yield f"{name} {value}", {**both, name: value}, {}, (78,), name.removesuffix("s")
    yield "three layers of one", {"EnableEncryption": True, "TripleWrap": True}, {}, (78,), "TripleWrap"
    yield "self without encryption", {"SignatureType": "BlobSign", "EncryptToSelf": "good-signer.pem"}, {}, (78,), "EncryptToSelf"
    yield "less than required", {"SignatureType": "BlobSign"}, {"require": "signedAndEncrypted"}, (69, 78), "require|encrypt"
    yield "no seal where one is required", {}, {"require": "signed"}, (69, 78), "require|sign"
    for size in (0, 1, 65536, 1_000_000):
        for seal in ({"SignatureType": "BlobSign"}, {"SignatureType": "ClearSign"}, {"EnableEncryption": True}, {**both, "EncryptionAlgorithm": "AES256GCM"}):
            shown = "+".join(str(value) for value in seal.values())
            yield f"body fails at {size}, {shown}", seal, {"before": {"Mode": "fail", "AfterBytes": size}}, (69,), "told to fail"
    yield "body throws", both, {"before": {"Mode": "throw", "AfterBytes": 1000}}, (69,), "told to throw"
    yield "body asks for later", both, {"before": {"Mode": "tryLater", "AfterBytes": 1000}}, (75,), "later"
    yield "a component behind changes the seal", both, {"after": {"Mode": "fail", "AfterBytes": 10_000_000}}, (69,), "neither signed nor encrypted"


def bindings_of(properties, changes, plugin):
    fail = lambda which: [{"component": "Test.Fail", "properties": changes[which]}] if which in changes else []
    encoder = [{"component": "SMIMEEncoder", "properties": properties}]
    port = {"name": "Out", "pipeline": {"encode": fail("before") + encoder + fail("after")},
            "encryptionCertificates": changes.get("partners", ["good-partner.pem"])}
    if "require" in changes:
        port["require"] = changes["require"]
    return {"plugins": ["smtp", "smime", plugin], "pipelines": {"Sealed": None},
            "host": {"certificates": {"personal": "personal", "otherPeople": "other-people", "trusted": changes.get("trusted", "roots"),
                                      "signing": changes.get("signer", "good-signer.pem")}}, "sendPorts": [port]}


def accepted(out):
    count = 0
    for path in glob.glob(os.path.join(out, "messages", "*.json")):
        with open(path, encoding="utf-8") as file:
            count += json.load(file)["final_dot"]
    return count


def main():
    given = harness.options()
    plugin = os.path.join(os.path.dirname(os.path.dirname(given.hawser)), "tests", "plugins", "fail_component.so")
    with Work(given) as work:
        People(work)
        port, out = work.server("")
        work.write("in.bin", os.urandom(2_000_000))

        def send(properties, changes, expect):
            work.bindings("sealed", port, copy.deepcopy(bindings_of(properties, changes, plugin)))
            words = ["--property", changes["property"]] if "property" in changes else []
            done = subprocess.run([given.hawser, "send", "bindings.json", "--port", "Out", *words, "in.bin"], cwd=work.folder,
                                  capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL)
            check(done.returncode in expect, f"{properties} {changes}: {done.returncode}\n{done.stdout}{done.stderr}")
            return done.stdout + done.stderr

        for seal in ({"SignatureType": "BlobSign", "EnableEncryption": True}, {"SignatureType": "ClearSign"}):
            send(seal, {}, (0,))
        check(accepted(out) == 2, "what is right does not go out")
        count = 0
        for name, properties, changes, codes, words in cases():
            shown = send(properties, changes, codes)
            check(re.search(words, shown, re.IGNORECASE), f"{name}: {words} is not said\n{shown}")
            check(accepted(out) == 2, f"{name}: something left\n{shown}")
            count += 1
        with open(os.path.join(out, "transcript"), encoding="utf-8", errors="replace") as file:
            transcript = file.read()
        check(transcript.count("C: DATA") + transcript.count("LAST") < 2 + 40, "messages are begun that were known to fail")
        print(f"{count} ways to fail; 2 messages of {count + 2} left")
        check(count >= 40, "too few")


if __name__ == "__main__":
    main()
