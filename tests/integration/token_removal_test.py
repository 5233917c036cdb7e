#!/usr/bin/python3
"""A PKCS #11 token is pulled out of a running host, and put back: no message is lost or leaves unsigned, and those that waited leave signed.

    token_removal_test.py --hawser build/bin/hawser --pki DIR

While nothing is sent, while messages wait, in the middle of a burst, and under messages that are to be decrypted. The module is
tests/support/removable_token.cpp, over SoftHSM.
"""
import json
import re
import subprocess
import time

import harness
from harness import Work, check
from token_mail import PIN, RemovableToken, accepted, log_of, provide, sealing, verify, wait_until, waiting, warnings_of

STAYS = 75          # the first attempt failed, and the message is tried again
NOT_ACCEPTED = 74
NOTICED_SECONDS_MAX = 10    # twice what is promised, for a busy machine
BACK_SECONDS_MAX = 15       # a look at the token every five seconds, a retry each second, and a busy machine
WORKERS = 8
BURST = 160
PULLED_AT = (0.1, 0.25, 0.45)   # of the burst
NUMBERED = re.compile(rb"message (\d+) of the burst")
TEXT = b"Content-Type: text/plain\r\n\r\nWhat was sealed.\r\n"


def start(work, port, token, patch=None):
    work.write("host.log", b"")
    sealing(port, work, harness.run_scenario.merge_patch({"host": {"workers": WORKERS}}, patch or {}), module=token.module)
    return work.start_host()


def stop(work, host):
    check(host.poll() is None, "the host has ended by itself")
    work.stop_host(host)
    for word in ("misbehaving", " error ", PIN):
        check(word not in log_of(work), f"the log has \"{word}\"\n{log_of(work)[-3000:]}")


def says_what_to_do(text, token):
    return "the token pkcs11:token=bus" in text and token.module in text and "put the token in" in text


def check_signed(work, paths):
    for path in paths:
        check(verify(work, path)[0] == "rsa", path)


def while_idle(work, port, out, token):
    """Nothing is sent when the token goes: the host finds it out, and says so once."""
    host = start(work, port, token)
    work.hawser("send", "bindings.json", "--port", "Out", "body.txt")
    before, logins = accepted(out), token.logins("user 0x0")
    token.pull()
    noticed_by = time.monotonic() + NOTICED_SECONDS_MAX
    wait_until(lambda: says_what_to_do(work.hawser("status", "bindings.json"), token), "a warning in hawser status")
    check(time.monotonic() < noticed_by, "the host has noticed it late")
    for verb, code in (("check", 69), ("list", 0)):
        text = work.hawser("certificates", verb, "bindings.json", expect=code)
        check(says_what_to_do(text, token), f"hawser certificates {verb} does not tell of the token\n{text}")
    work.hawser("submit", "bindings.json", "--port", "Out", *["body.txt"] * 5)
    # Eight attempts, a second after another: longer than a look at the token takes to come again.
    wait_until(lambda: all(one["attempts"] >= 8 for one in waiting(work)), "more attempts")
    check(len(waiting(work)) == 5 and accepted(out) == before, f"not all wait: {waiting(work)}")
    for one in waiting(work):
        check(one["state"] in ("retrying", "active") and says_what_to_do(one["text"], token), f"{one}")
    check(len(warnings_of(work)) == 1 and says_what_to_do(warnings_of(work)[0], token), f"the log: {warnings_of(work)}")
    check(token.logins("user 0x0") == logins, "there was a login to a token that is not there")
    token.put_back()
    start_time = time.monotonic()
    wait_until(lambda: len(accepted(out)) == len(before) + 5, "the messages, once the token was back")
    taken = time.monotonic() - start_time
    check(taken < BACK_SECONDS_MAX, f"the messages left only {taken:.1f} s after the token was put back")
    check_signed(work, accepted(out))
    check(token.logins("user 0x0") == logins + 1, f"{token.logins('user 0x0') - logins} logins to the token that was put back")
    check("the token" not in work.hawser("status", "bindings.json"), "the warning stays in hawser status")
    stop(work, host)
    return taken


def between_looks(work, port, out, token):
    """A message finds it out before the host does; and the token is back at once, with all its sessions gone."""
    host = start(work, port, token)
    for _ in range(3):
        before = accepted(out)
        token.pull()
        work.hawser("send", "bindings.json", "--port", "Out", "body.txt", expect=STAYS)
        check("the token pkcs11:token=bus" in waiting(work)[0]["text"], f"{waiting(work)}")
        token.put_back()
        wait_until(lambda: len(accepted(out)) == len(before) + 1, "the message, once the token was back")
        check_signed(work, set(accepted(out)) - set(before))
    stop(work, host)


def in_a_burst(work, port, out, token):
    """Many messages at once, and the token comes and goes among them."""
    host = start(work, port, token, {"sendPorts": [{"name": "Out", "state": "stopped"}]})
    bodies = [work.write(f"burst{number}.txt", f"message {number} of the burst\r\n".encode()) for number in range(BURST)]
    work.hawser("submit", "bindings.json", "--port", "Out", *bodies)
    before = accepted(out)

    def left():
        return len(accepted(out)) - len(before)

    work.hawser("ports", "start", "bindings.json", "Out")
    for share in PULLED_AT:
        wait_until(lambda enough=BURST * share: left() >= enough, "messages of the burst")
        token.pull()
        wait_until(lambda: all("the token pkcs11:token=bus" in one["text"] for one in waiting(work)), "that all wait, with the reason")
        check(left() < BURST, "the burst was over before the token was pulled")
        token.put_back()
    wait_until(lambda: left() >= BURST, "the whole burst")
    wait_until(lambda: not waiting(work), "an empty queue")
    numbers = []
    for path in set(accepted(out)) - set(before):
        check_signed(work, [path])
        with open(path, "rb") as file:
            numbers.append(int(NUMBERED.search(file.read())[1]))
    numbers.sort()
    check(numbers == list(range(BURST)), f"lost, or sent more than once: {numbers}")
    check(len(warnings_of(work)) <= 2 * len(PULLED_AT), f"a flood of warnings: {warnings_of(work)}")
    stop(work, host)


def decrypting(work, port, token):
    """What is to be decrypted is refused for now, with the reason, and taken once the token is back; several at once as well."""
    host = start(work, port, token)
    work.hawser("ports", "stop", "bindings.json", "Out")
    work.write("text", TEXT)
    subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-in", work.path("text"), "-out", work.path("mail.eml"),
                    "-recip", work.path("issued/rsa.pem")], check=True)
    words = ("submit", "bindings.json", "--receive-port", "In", "--port", "Out", "--json", "mail.eml")
    work.hawser(*words)
    token.pull()
    for _ in range(2):      # the first finds it out, the second is told
        answer = json.loads(work.hawser(*words, expect=NOT_ACCEPTED))
        check(answer["result"] == "notAccepted" and "the token pkcs11:token=bus" in answer["text"], f"{answer}")
    check(len(waiting(work)) == 1, "something was taken that could not be read")
    token.put_back()
    deadline = time.monotonic() + BACK_SECONDS_MAX
    done = None
    while done is None or done.returncode != 0:
        check(time.monotonic() < deadline, f"the token is back, and still: {done and done.stdout}")
        done = subprocess.run([work.given.hawser, *words], cwd=work.folder, capture_output=True, text=True, check=False)
        check(done.returncode in (0, NOT_ACCEPTED), done.stdout + done.stderr)
    clients = [subprocess.Popen([work.given.hawser, *words], cwd=work.folder, stdout=subprocess.PIPE, text=True) for _ in range(WORKERS)]
    token.pull()
    answers = [json.loads(client.communicate(timeout=60)[0])["result"] for client in clients]
    check(set(answers) <= {"accepted", "notAccepted"}, f"{answers}")
    check(len(waiting(work)) == 2 + answers.count("accepted"), f"{answers}, and {len(waiting(work))} messages are there")
    token.put_back()
    stop(work, host)


def main():
    given = harness.options()
    with Work(given) as work:
        port, out = work.server(". -> slow 100 250 2.0.0 Queued")
        token = RemovableToken(work)
        provide(token, {"rsa": (1, "rsa:2048")})
        taken = while_idle(work, port, out, token)
        between_looks(work, port, out, token)
        in_a_burst(work, port, out, token)
        decrypting(work, port, token)
        print(f"a token was pulled and put back: waiting messages left after {taken:.1f} s, and {BURST} of a burst once each, all signed")


if __name__ == "__main__":
    main()
