#!/usr/bin/python3
"""AUTH by every password mechanism against Postfix with Cyrus SASL, inside STARTTLS, with the right password and a wrong one."""
import json

import harness
from harness import Work, check
from private_postfix import PrivatePostfix, as_root

def login(mechanism=None):
    values = {"SMTPAuthenticate": "basic", "Username": "bus", "Password": {"file": "password"}}
    if mechanism:
        values["Mechanism"] = mechanism
    return {"sendHandlers": {"SMTP": values}}


def needs_authentication(given, postfix):
    with Work(given) as work:
        work.write("in.txt", b"Hello\r\n")
        work.bindings("tls", postfix.port)
        work.hawser("send", "bindings.json", "--port", "Out", "in.txt", expect=69)
        print("without authentication refused")


def authentication(given, postfix, mechanism, expected, number):
    with Work(given) as work:
        work.write("in.txt", b"Hello\r\n")
        work.write("password", b"secret\n")
        work.bindings("tls", postfix.port, login(mechanism))
        work.hawser("send", "bindings.json", "--port", "Out", "in.txt")
        postfix.messages(number)
        used = f"sasl_method={expected},"
        check(used in postfix.log(), f"the log has no {used}:\n{postfix.log()}")
        print(f"AUTH {mechanism or 'chosen:'} {expected} accepted")


def wrong_password(given, postfix, mechanism, number):
    """Suspended at once; Postfix saw one attempt and no mail."""
    with Work(given) as work:
        work.write("in.txt", b"Hello\r\n")
        work.write("password", b"wrong\n")
        work.bindings("tls", postfix.port, login(mechanism))
        before = postfix.log().count("authentication failed")
        answer = json.loads(work.hawser("send", "bindings.json", "--port", "Out", "--json", "in.txt", expect=69))
        check(answer["deliveries"][0]["state"] == "suspended", f"{mechanism}: {answer}")
        check(postfix.log().count("authentication failed") == before + 1, f"not one attempt by {mechanism}:\n{postfix.log()}")
        check(len(postfix.messages()) == number, "something was delivered")
        print(f"AUTH {mechanism} with a wrong password: suspended after one attempt")


MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")


def mechanisms(given):
    with PrivatePostfix(given.pki, requires_authentication=True, mechanisms=" ".join(MECHANISMS)) as postfix:
        needs_authentication(given, postfix)
        for number, mechanism in enumerate(MECHANISMS, 1):
            authentication(given, postfix, mechanism, mechanism, number)
            wrong_password(given, postfix, mechanism, number)
        authentication(given, postfix, None, "SCRAM-SHA-256", len(MECHANISMS) + 1)


def main():
    as_root()
    given = harness.options()
    mechanisms(given)
    with PrivatePostfix(given.pki, requires_authentication=True) as postfix:
        authentication(given, postfix, None, "PLAIN", 1)


if __name__ == "__main__":
    main()
