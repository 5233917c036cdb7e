#!/usr/bin/python3
"""Keys that ask for the PIN at each use (CKA_ALWAYS_AUTHENTICATE) sign and decrypt, one message after another and many at once.

    token_each_use_test.py --hawser build/bin/hawser --pki DIR

SoftHSM refuses their use without it. A PIN that becomes wrong under a running host is given to the token once, however many
messages wait for it, and they leave once it is right.
"""
import os
import subprocess

import harness
from harness import Work, check
from token_mail import PIN, RemovableToken, accepted, log_of, provide, sealing, verify, wait_until, waiting, warnings_of

STAYS = 75      # the first attempt failed, and the message is tried again
WORKERS = 8
WRONG_PIN = "999888777"
KEYS = {"rsa": (1, "rsa:2048"), "ec": (2, "EC:prime256v1")}
TEXT = b"Content-Type: text/plain\r\n\r\nWhat was sealed.\r\n"
TAKEN, FOR_ONE_USE, WRONG = "user 0x0", "for one use 0x0", "for one use 0xa0"


def bindings(work, port, token, name="rsa", patch=None, **properties):
    sealing(port, work, harness.run_scenario.merge_patch({"host": {"workers": WORKERS}}, patch or {}),
            signing=f"pkcs11:token=bus;object={name}", component=properties, module=token.module)


def at_once(work, *words):
    """The same command by as many clients as there are workers; gives their exit codes and what they said."""
    clients = [subprocess.Popen([work.given.hawser, *words], cwd=work.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
               for _ in range(WORKERS)]
    said = [client.communicate(timeout=60)[0] for client in clients]
    return [client.returncode for client in clients], said


def signing(work, port, out, token):
    for name, properties, found in (("rsa", {"SignaturePadding": "pkcs1"}, "rsaEncryption"), ("rsa", {"SignaturePadding": "pss"}, "rsassaPss"),
                                    ("ec", {"Digest": "SHA512"}, "ecdsa-with-SHA512")):
        bindings(work, port, token, name, **properties)
        before, uses, logins = accepted(out), token.logins(FOR_ONE_USE), token.logins(TAKEN)
        host = work.start_host()
        for _ in range(3):
            work.hawser("send", "bindings.json", "--port", "Out", "body.txt")
        codes, said = at_once(work, "send", "bindings.json", "--port", "Out", "body.txt")
        check(codes == [0] * WORKERS, f"{name}, {properties}: {codes}\n{said}")
        made = set(accepted(out)) - set(before)
        check(len(made) == 3 + WORKERS, f"{name}, {properties}: {len(made)} messages arrived")
        for path in made:
            signer, printed = verify(work, path)
            check(signer == name and found in printed, f"{name}, {properties}: {signer}\n{printed[-1500:]}")
        check(token.logins(FOR_ONE_USE) - uses == len(made), f"{len(made)} signatures, {token.logins(FOR_ONE_USE) - uses} PINs")
        check(token.logins(TAKEN) - logins == 1, f"{token.logins(TAKEN) - logins} logins of a host")
        work.stop_host(host)


def encrypted(work, name, recipient, *words):
    work.write("text", TEXT)
    subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", work.path("text"), "-out", work.path(name),
                    "-recip", work.path(f"issued/{recipient}.pem"), *words], check=True)
    return name


def decrypting(work, port, token):
    """By RSA, and with what a key agreement gives, for which PKCS #11 asks no PIN."""
    bindings(work, port, token, patch={"sendPorts": [{"name": "Out", "state": "stopped"}]})
    host = work.start_host()
    mails = [encrypted(work, "pkcs1.eml", "rsa"), encrypted(work, "oaep.eml", "rsa", "-keyopt", "rsa_padding_mode:oaep"),
             encrypted(work, "agreed.eml", "ec")]
    for number, mail in enumerate(mails):
        uses = token.logins(FOR_ONE_USE)
        words = ("submit", "bindings.json", "--receive-port", "In", "--port", "Out", mail)
        work.hawser(*words)
        codes, said = at_once(work, *words)
        check(codes == [0] * WORKERS, f"{mail}: {codes}\n{said}")
        listed = waiting(work)
        check(len(listed) == 1 + WORKERS, f"{mail}: {len(listed)} messages")
        for one in listed:
            work.hawser("messages", "save", "bindings.json", str(one["delivery"]), "--output", "saved")
            with open(work.path("saved"), "rb") as file:
                check(file.read() == TEXT.split(b"\r\n\r\n", 1)[1], f"{mail}: other text came out")
            os.remove(work.path("saved"))
        wanted = 0 if number == 2 else 1 + WORKERS
        check(token.logins(FOR_ONE_USE) - uses == wanted, f"{mail}: {token.logins(FOR_ONE_USE) - uses} PINs, not {wanted}")
        work.hawser("messages", "terminate", "bindings.json", "--state", "queued")
    work.stop_host(host)


def wrong_pin(work, port, out, token):
    """The host is logged in, and is given another PIN by a reload: the token takes the first use's for wrong, and gets no other."""
    work.write("host.log", b"")
    bindings(work, port, token)
    host = work.start_host()
    work.hawser("send", "bindings.json", "--port", "Out", "body.txt")
    before, logins = accepted(out), token.logins(TAKEN)
    work.write("pin", WRONG_PIN.encode() + b"\n")
    work.hawser("reload", "bindings.json")
    codes, said = at_once(work, "send", "bindings.json", "--port", "Out", "body.txt")
    check(codes == [STAYS] * WORKERS, f"{codes}\n{said}")
    wait_until(lambda: "has refused its PIN" in work.hawser("status", "bindings.json"), "a warning in hawser status")
    for one in waiting(work):
        check("the token pkcs11:token=bus" in one["text"] and "correct \"pin\"" in one["text"], f"{one}")
    check(len(waiting(work)) == WORKERS, f"{len(waiting(work))} messages wait")
    # Out and in again: the host would log in anew, and the PIN is still the wrong one.
    token.pull()
    wait_until(lambda: "put the token in" in work.hawser("status", "bindings.json"), "a warning of the missing token")
    token.put_back()
    wait_until(lambda: "has refused its PIN" in work.hawser("status", "bindings.json"), "the warning of the PIN again")
    work.hawser("reload", "bindings.json")
    attempts = max(one["attempts"] for one in waiting(work))
    wait_until(lambda: all(one["attempts"] > attempts for one in waiting(work)), "further attempts")
    given = token.logins(WRONG) + token.logins("user 0xa0")
    check(given == 1, f"the wrong PIN was given {given} times")
    check(accepted(out) == before, "something was sent without a signature")
    work.write("pin", PIN.encode() + b"\n")
    work.hawser("reload", "bindings.json")
    wait_until(lambda: len(accepted(out)) == len(before) + WORKERS, "the messages, once the PIN was right")
    for path in set(accepted(out)) - set(before):
        check(verify(work, path)[0] == "rsa", path)
    check(token.logins(TAKEN) == logins + 1, f"{token.logins(TAKEN) - logins} logins with the right PIN")
    for secret in (WRONG_PIN, PIN):
        check(secret not in log_of(work) and secret not in work.hawser("status", "bindings.json"), "a PIN is in the log")
    warnings = warnings_of(work)
    check(len(warnings) == 3 and "put the token in" in warnings[1], f"the PIN, the missing token, the PIN: {warnings}")
    work.stop_host(host)


def main():
    given = harness.options()
    with Work(given) as work:
        port, out = work.server(". -> 250 2.0.0 Queued")
        token = RemovableToken(work)
        provide(token, KEYS, "--always-auth")
        asking = token.tool("--list-objects", "--type", "privkey").count("always authenticate")
        check(asking == len(KEYS), f"{asking} keys ask for each use")
        signing(work, port, out, token)
        decrypting(work, port, token)
        wrong_pin(work, port, out, token)
        print(f"keys that ask for the PIN each time: RSA (PKCS #1, PSS) and ECDSA signed, RSA (PKCS #1, OAEP) and ECDH decrypted, "
              f"{WORKERS} messages at once")


if __name__ == "__main__":
    main()
