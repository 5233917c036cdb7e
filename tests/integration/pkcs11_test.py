#!/usr/bin/python3
"""Certificates and keys in a PKCS#11 token (SoftHSM): mail is signed and decrypted with keys that never leave it.

    pkcs11_test.py --hawser build/bin/hawser --pki DIR

What goes wrong with a token is tried too: no module, no token, a wrong PIN (which is given to the token once and no more), a key
without a certificate, a certificate without a key. No message is lost to any of it: it is tried later.
"""
import glob
import json
import os
import subprocess
import time

import harness
from harness import Work, check
from token_mail import MODULE, PIN, Token, arrived, log_of, provide, sealing, verify, wait_until, waiting

SPY = (glob.glob("/usr/lib/*/pkcs11-spy.so") + ["OpenSC's pkcs11-spy.so"])[0]
STAYS = 75      # the first attempt failed, and the message is tried again
TEXT = b"Content-Type: text/plain\r\n\r\nWhat was sealed.\r\n"
KEYS = {"rsa": (1, "rsa:2048"), "ec": (2, "EC:prime256v1"), "ec384": (3, "P-384")}


def signing(work, port, out):
    """Each kind of signature."""
    for name, padding, found in (("rsa", "pkcs1", "rsaEncryption"), ("rsa", "pss", "rsassaPss"), ("ec", "pkcs1", "ecdsa-with-SHA512"),
                                 ("ec384", "pkcs1", "ecdsa-with-SHA512")):
        properties = {"Digest": "SHA512"} if name != "rsa" else {"SignaturePadding": padding}
        for kind in ("ClearSign", "BlobSign"):
            sealing(port, work, signing=f"pkcs11:token=bus;object={name}", component={"SignatureType": kind, **properties})
            before = arrived(out)
            work.hawser("send", "bindings.json", "--port", "Out", "body.txt")
            signer, printed = verify(work, (set(arrived(out)) - set(before)).pop())
            check(signer == name and found in printed, f"{name}, {padding}, {kind}: {signer}\n{printed[-1500:]}")


def at_once(work, port, out):
    """Eight messages, on eight workers, with one token."""
    sealing(port, work, {"host": {"workers": 8}})
    host = work.start_host()
    before = set(arrived(out))
    work.write("note", b"note\r\n")
    clients = [subprocess.Popen([work.given.hawser, "send", "bindings.json", "--port", "Out", "body.txt"], cwd=work.folder,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(8)]
    for client in clients:
        text = client.communicate(timeout=60)[0]
        check(client.returncode == 0, text)
    made = set(arrived(out)) - before
    check(len(made) == 8, f"{len(made)} messages arrived of 8")
    for path in made:
        check(verify(work, path)[0] == "rsa", path)
    work.stop_host(host)


def decrypting(work, port):
    """Each kind of recipient, from OpenSSL."""
    sealing(port, work, {"sendPorts": [{"name": "Out", "state": "stopped"}]})
    work.write("text", TEXT)
    cases = [("rsa", cipher, words) for cipher in ("aes-256-cbc", "aes-256-gcm")
             for words in ([], ["-keyopt", "rsa_padding_mode:oaep"],
                           ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"])]
    cases += [(name, "aes-256-gcm", ["-keyopt", f"ecdh_kdf_md:{digest}"]) for name in ("ec",) for digest in ("sha1", "sha256")]
    for number, (name, cipher, words) in enumerate(cases):
        mail = f"mail{number}.eml"
        recipient = work.path(f"issued/{name}.pem")
        subprocess.run(["openssl", "cms", "-encrypt", "-binary", f"-{cipher}", "-in", work.path("text"), "-out", work.path(mail),
                        "-recip", recipient, *words], check=True)
        check(work.hawser("submit", "bindings.json", "--receive-port", "In", "--port", "Out", mail), "nothing was said")
        listed = json.loads(work.hawser("messages", "list", "bindings.json", "--json"))["messages"]
        check(len(listed) == 1, f"{listed}")
        work.hawser("messages", "save", "bindings.json", str(listed[0]["delivery"]), "--output", "saved")
        with open(work.path("saved"), "rb") as file:
            check(file.read() == TEXT.split(b"\r\n\r\n", 1)[1], f"{name}, {cipher}, {words}: other text came out")
        os.remove(work.path("saved"))
        work.hawser("messages", "terminate", "bindings.json", "--state", "queued")
    damaged(work)
    # SoftHSM imports a key without the right to derive: the sender has to know, and it will not be another way later.
    subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", work.path("text"), "-out", work.path("mail.eml"),
                    "-recip", work.path("issued/ec384.pem")], check=True)
    answer = json.loads(work.hawser("submit", "bindings.json", "--receive-port", "In", "--port", "Out", "--json", "mail.eml", expect=65))
    check(answer["result"] == "badInput" and "does not derive with CKM_ECDH1_DERIVE" in answer["text"], f"{answer}")
    return len(cases)


def damaged(work):
    """What does not decrypt is the message's fault, not the token's: it is not tried again, and not told in another way."""
    texts = set()
    with open(work.path("mail0.eml"), "rb") as file:
        head, content = file.read().split(b"\n\n", 1)
    lines = content.split(b"\n")
    for line in range(len(lines)):
        changed = list(lines)
        if len(changed[line]) < 60:
            continue
        changed[line] = changed[line][:30] + (b"A" if changed[line][30:31] != b"A" else b"B") + changed[line][31:]
        work.write("damaged.eml", head + b"\n\n" + b"\n".join(changed))
        text = work.hawser("submit", "bindings.json", "--receive-port", "In", "--port", "Out", "--json", "damaged.eml", expect=(0, 65))
        answer = json.loads(text)
        check(answer["result"] != "notAccepted", f"it is to be tried again: {answer}")
        if "cannot be decrypted" in answer["text"]:
            texts.add(answer["text"])
    check(len(texts) == 1, f"what is wrong with the key or the content is told in several ways: {texts}")


def listing(work, port):
    sealing(port, work)
    text = work.hawser("certificates", "list", "bindings.json")
    for name, (number, _) in KEYS.items():
        check(f"pkcs11:object={name};token=bus\n" in text, text)
    check(text.count(f"token        the token pkcs11:token=bus of {MODULE}\n") == 3 and text.count("with its private key") == 3, text)
    listed = {one["file"]: one for one in json.loads(work.hawser("certificates", "list", "bindings.json", "--json"))["certificates"]
              if one["folder"] == "personal"}
    rsa = listed["pkcs11:object=rsa;token=bus"]
    check(rsa["hasPrivateKey"] and MODULE in rsa["token"] and rsa["signsFor"] == ["Out"], f"{rsa}")
    text = work.hawser("certificates", "check", "bindings.json")
    check("0 errors" in text and "pkcs11" not in text, text)
    check("PIN" not in work.hawser("check", "bindings.json"), "the check has something to say of a PIN")
    # Found by its thumbprint, and by what other programs print of it; not by another's.
    for selector in (rsa["sha1"], rsa["sha256"], "pkcs11:id=%01", "pkcs11:model=SoftHSM%20v2;token=bus;object=rsa;type=cert"):
        sealing(port, work, signing=selector)
        check("signs for    Out" in work.hawser("certificates", "list", "bindings.json"), selector)
    sealing(port, work, signing="pkcs11:token=other;object=rsa")
    check("is not in the personal folder or a token" in work.hawser("certificates", "check", "bindings.json", expect=69), "no error")


def halves(work, port, token):
    """A certificate without a key, a key without a certificate, and a certificate in a folder whose key is in the token."""
    token.make("halves")
    token.make_key("lonely", 7, "rsa:2048", label="halves")
    token.tool("--write-object", work.path("issued/ec.pem.der"), "--type", "cert", "--id", "09", "--label", "bare", label="halves")
    sealing(port, work, signing="pkcs11:object=bare", uri="pkcs11:token=halves")
    text = work.hawser("certificates", "check", "bindings.json", expect=69)
    check("the private key pkcs11:object=lonely;token=halves" in text and "has no certificate" in text, text)
    check("is to sign, and there is no private key for it" in text, text)
    sent = subprocess.run([work.given.hawser, "send", "bindings.json", "--port", "Out", "body.txt"], cwd=work.folder, capture_output=True,
                          text=True, check=False)
    check(sent.returncode != 0 and "has no private key" in sent.stdout + sent.stderr, sent.stdout + sent.stderr)
    os.mkdir(work.path("folder"))
    with open(work.path("issued/rsa.pem"), "rb") as file:
        work.write("folder/ours.pem", file.read())
    sealing(port, work, {"host": {"certificates": {"personal": work.path("folder")}}}, signing="ours.pem")
    text = work.hawser("certificates", "list", "bindings.json")
    check("personal/ours.pem" in text and text.count("with its private key") == 4, text)
    work.hawser("send", "bindings.json", "--port", "Out", "body.txt")


def rotation(work, port, out, token):
    """A certificate that is put into the token while the host runs signs from then on."""
    sealing(port, work, signing="pkcs11:token=bus;object=rsa")
    host = work.start_host()
    token.make_key("next", 0x21, "rsa:2048")
    token.put(token.issue("next", days=120), 0x21, "rsa")   # the same name, another key, and it is the newer one

    def signer():
        before = set(arrived(out))
        work.hawser("send", "bindings.json", "--port", "Out", "body.txt")
        return verify(work, (set(arrived(out)) - before).pop())[0]

    wait_until(lambda: signer() == "next", "a message that is signed with the new certificate")
    check("changed certificate files or tokens were read" in log_of(work), "the log does not tell of the new certificate")
    work.stop_host(host)


def absent(work, port, out, token):
    """The token is not there yet: the message waits for it, and so does one whose token is there and refuses the PIN."""
    os.remove(work.path("host.log"))
    sealing(port, work, signing="pkcs11:token=later;object=rsa", uri="pkcs11:token=later")
    check("put the token in" in work.hawser("certificates", "check", "bindings.json", expect=69), "no advice")
    host = work.start_host()
    before = set(arrived(out))
    work.hawser("send", "bindings.json", "--port", "Out", "body.txt", expect=STAYS)
    wait_until(lambda: "is not there; the module has" in log_of(work), "a log line of the missing token")
    token.make("later")
    token.make_key("later", 1, "rsa:2048", label="later")
    token.put(token.issue("later"), 1, "rsa", label="later")
    wait_until(lambda: set(arrived(out)) - before, "the message, once the token was there")
    check(verify(work, (set(arrived(out)) - before).pop())[0] == "later", "another signed")
    work.stop_host(host)


def wrong_pin(work, port, out):
    """Given to the token once, whatever looks and reloads come; the message waits for the right one. OpenSC's spy counts."""
    spied = work.path("spied")
    os.environ.update({"PKCS11SPY": MODULE, "PKCS11SPY_OUTPUT": spied})
    os.remove(work.path("host.log"))
    work.write("pin", b"999888777\n")
    sealing(port, work, module=SPY)
    host = work.start_host()
    before = set(arrived(out))
    work.hawser("send", "bindings.json", "--port", "Out", "body.txt", expect=STAYS)
    time.sleep(6)                       # more than a look at the token takes place in it
    sealing(port, work, {"host": {"certificates": {"warnBefore": "31d"}}}, module=SPY, signing="pkcs11:object=rsa")
    work.hawser("reload", "bindings.json")
    log = log_of(work)
    check("has refused its PIN, which is not tried again" in log and SPY in log and "pkcs11:token=bus" in log, log)
    work.hawser("send", "bindings.json", "--port", "Out", "body.txt", expect=STAYS)
    text = work.hawser("submit", "bindings.json", "--receive-port", "In", "--port", "Out", "--json", "mail0.eml", expect=74)
    check("others are missing: the token pkcs11:token=bus" in json.loads(text)["text"], text)
    check(logins(spied) == 1, f"the wrong PIN was given {logins(spied)} times")
    check(set(arrived(out)) == before, "something was sent without a signature")
    work.write("pin", PIN.encode() + b"\n")
    work.hawser("reload", "bindings.json")
    wait_until(lambda: len(set(arrived(out)) - before) == 2, "the messages, once the PIN was right")
    check(logins(spied) == 2, f"{logins(spied)} logins")
    for secret in ("999888777", PIN):
        check(secret not in log_of(work) and secret not in work.hawser("status", "bindings.json"), "a PIN is in the log")
    work.stop_host(host)


def logins(spied):
    with open(spied, encoding="utf-8", errors="replace") as file:
        return sum(line.rstrip().endswith(": C_Login") for line in file)


def missing_module(work, port):
    sealing(port, work, module="/usr/lib/no/such.so")
    text = work.hawser("check", "bindings.json", expect=(0, 64, 65, 78))
    check("the PKCS #11 module /usr/lib/no/such.so is not there" in text + work.hawser("certificates", "check", "bindings.json", expect=69), text)
    work.hawser("send", "bindings.json", "--port", "Out", "body.txt", expect=STAYS)
    work.hawser("messages", "terminate", "bindings.json", "--state", "retrying")
    check(all(one["state"] == "suspended" for one in waiting(work)), f"left over: {waiting(work)}")
    for entry, text in (({"module": "softhsm.so", "token": "pkcs11:token=bus"}, "absolute path"),
                        ({"module": MODULE, "token": "bus"}, "RFC 7512"), ({"module": MODULE, "token": "pkcs11:object=rsa"}, "does not name a token"),
                        ({"module": MODULE, "token": "pkcs11:token=bus?pin-value=1"}, "a PIN does not belong")):
        sealing(port, work, {"host": {"certificates": {"tokens": [entry]}}})
        done = subprocess.run([work.given.hawser, "check", "bindings.json"], cwd=work.folder, capture_output=True, text=True, check=False)
        check(done.returncode != 0 and text in done.stdout + done.stderr, f"{entry}: {done.stdout}{done.stderr}")


def main():
    given = harness.options()
    with Work(given) as work:
        port, out = work.server(". -> 250 2.0.0 Queued")
        token = Token(work)
        provide(token, KEYS)
        listing(work, port)
        signing(work, port, out)
        at_once(work, port, out)
        count = decrypting(work, port)
        halves(work, port, token)
        rotation(work, port, out, token)
        absent(work, port, out, token)
        missing_module(work, port)
        wrong_pin(work, port, out)
        print(f"signed with RSA (PKCS #1, PSS) and ECDSA, {count} ways of encryption read, 8 messages at once, a token that came late")


if __name__ == "__main__":
    main()
