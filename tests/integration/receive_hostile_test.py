#!/usr/bin/python3
"""Hostile mail through the receive ports of a real host: the decoder's fuzz corpus, and mutations of a good mail. The host outlives
them all, whatever the strict port lets in is what was sealed, and nothing of the rest is stored.

The seed is printed; HAWSER_SEED=N repeats a run.
"""
import json
import os
import random
import re
import subprocess

import harness
from harness import HERE, Work, check, status_kib

MUTATION_COUNT = 300
BATCH_COUNT = 100
RESIDENT_KIB_MAX = 48 * 1024
TEXT = b"Content-Type: text/plain\r\n\r\nWhat was sealed.\r\n"
FUZZ = os.path.join(os.path.dirname(HERE), "fuzz")


def fuzz_key():
    """The corpus was made for the key and the certificate that the fuzzer has."""
    with open(os.path.join(FUZZ, "smime_decoder_fuzz.cpp"), encoding="utf-8") as file:
        lines = re.findall(r'^    "(-----.*|[A-Za-z0-9+/=]+)\\n"', file.read(), re.MULTILINE)
    return "\n".join(lines) + "\n"


def make_bindings(work):
    def port(name, properties):
        return {"name": name, "pipeline": {"decode": [{"component": "SMIMEDecoder", "properties": properties}]}}

    work.bindings("receive", 9, {
        "host": {"certificates": {"personal": "ours", "otherPeople": "ours", "trusted": "ours"}},
        "receivePorts": [
            port("Strict", {"Require": "signedAndEncrypted", "CheckRevocationList": False}),
            port("Lax", {"AllowNonMIMEMessage": True, "AllowUnauthenticatedEncryption": True, "AllowLegacyAlgorithms": True,
                         "CheckRevocationList": False})],
        "sendPorts": [{"name": "Out", "state": "stopped"}]})


def submit(work, port, names):
    """Gives the words of the answers; each is one that a hostile mail may get, and none that would have it tried again."""
    words = []
    for start in range(0, len(names), BATCH_COUNT):
        text = work.hawser("submit", "bindings.json", "--receive-port", port, "--port", "Out", "--json",
                           *names[start:start + BATCH_COUNT], expect=(0, 65))
        answers = [json.loads(line) for line in text.splitlines()]
        for answer in answers:
            check(answer["result"] in ("accepted", "badInput"), f"{answer['file']}: {answer}")
            check(answer["result"] == "accepted" or "nothing was stored" in answer["text"], f"{answer}")
        words += [answer["result"] for answer in answers]
    check(len(words) == len(names), f"{len(words)} answers to {len(names)} files")
    return words


def write_corpus(work):
    names = []
    folder = os.path.join(FUZZ, "corpus", "smime_decoder")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            names.append("corpus-" + name)
            work.write(names[-1], file.read()[1:])    # the first byte is the fuzzer's own
    return names


def seal(work):
    work.write("text", TEXT)
    pem = work.path("ours/ours.pem")
    subprocess.run(["openssl", "cms", "-sign", "-binary", "-nodetach", "-signer", pem, "-in", work.path("text"),
                    "-out", work.path("signed")], check=True)
    subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", work.path("signed"), "-subject", "Good",
                    "-out", work.path("good.eml"), pem], check=True)
    with open(work.path("good.eml"), "rb") as file:
        return file.read()


def mutated(good, chance):
    mail = bytearray(good)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(mail))
        kind = chance.randrange(6)
        if kind == 0:
            mail[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del mail[at:]
        elif kind == 2:
            del mail[at:at + chance.randint(1, 200)]
        elif kind == 3:
            mail[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 50)))
        elif kind == 4:
            mail[at:at] = mail[chance.randrange(len(mail)):][:chance.randint(1, 3000)]
        else:
            mail[at:at] = b"A" * chance.choice([1000, 70_000])
        if not mail:
            break
    return bytes(mail)


def check_stored(work, count):
    """What got through the strict port is what was sealed, and there is nothing else."""
    listed = json.loads(work.hawser("messages", "list", "bindings.json", "--limit", "1000", "--json"))["messages"]
    check(len(listed) == count, f"{len(listed)} messages are stored, {count} were accepted")
    for one in listed:
        work.hawser("messages", "save", "bindings.json", str(one["delivery"]), "--output", "saved")
        with open(work.path("saved"), "rb") as file:
            check(file.read() == TEXT.split(b"\r\n\r\n", 1)[1], f"{one} is not what was sealed")
        os.remove(work.path("saved"))
    check(os.listdir(work.path("state/messagebox.db.bodies")) == [], "a body was left behind")
    if listed:
        work.hawser("messages", "terminate", "bindings.json", "--state", "queued")


def main():
    given = harness.options()
    seed = int(os.environ.get("HAWSER_SEED", random.randrange(1 << 32)))
    print(f"HAWSER_SEED={seed}", flush=True)
    chance = random.Random(seed)
    with Work(given) as work:
        os.mkdir(work.path("ours"))
        work.write("ours/ours.pem", fuzz_key().encode())
        make_bindings(work)
        good = seal(work)
        host = work.start_host()
        corpus = write_corpus(work)
        lax = submit(work, "Lax", corpus)
        work.hawser("messages", "terminate", "bindings.json", "--state", "queued", expect=(0, 66))
        submit(work, "Strict", corpus)
        work.hawser("messages", "terminate", "bindings.json", "--state", "queued", expect=(0, 66))
        names = ["good.eml"]
        for number in range(MUTATION_COUNT):
            names.append(f"mutated-{number}")
            work.write(names[-1], mutated(good, chance))
        strict = submit(work, "Strict", names)
        check(strict[0] == "accepted", "the good mail was refused")
        check_stored(work, strict.count("accepted"))
        check(host.poll() is None, "the host has ended")
        peak = status_kib(host.pid, "VmHWM")
        check(peak < RESIDENT_KIB_MAX, f"{peak} KiB resident, at most {RESIDENT_KIB_MAX}")
        print(f"{len(corpus)} of the corpus, {lax.count('accepted')} accepted by the lax port; of {MUTATION_COUNT} mutations the strict "
              f"port accepted {strict.count('accepted') - 1}, all as sealed; {peak} KiB resident")
        work.stop_host(host)


if __name__ == "__main__":
    main()
