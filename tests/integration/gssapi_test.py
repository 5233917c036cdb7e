#!/usr/bin/python3
"""NTLM and Kerberos against Postfix with Cyrus SASL, with given credentials, wrong ones and the process's own; a private KDC."""
import json
import os
import subprocess

import harness
from harness import Work, check
from private_kdc import PrivateKdc
from private_postfix import PrivatePostfix, as_root


def login(way, username="", changes=None):
    values = {"SMTPAuthenticate": way, "TLS": "starttls", **(changes or {})}
    if username:
        values.update({"Username": username, "Password": {"file": "password"}})
    return {"sendHandlers": {"SMTP": values}}


def send(given, postfix, bindings, password="secret", expect=0):
    with Work(given) as work:
        work.write("in.txt", b"Hello\r\n")
        work.write("password", password.encode() + b"\n")
        work.bindings("tls", postfix.port, bindings)
        text = work.hawser("send", "bindings.json", "--port", "Out", "--json", "in.txt", expect=expect)
        return json.loads(text)["deliveries"][0]


def accepted(postfix, number, mechanism):
    postfix.messages(number)
    check(postfix.log().count(f"sasl_method={mechanism},") == number, f"not {number} by {mechanism}:\n{postfix.log()}")


def ntlm(given):
    with PrivatePostfix(given.pki, requires_authentication=True, mechanisms="NTLM") as postfix, Work(given) as own:
        send(given, postfix, login("processAccount", "bus"))
        accepted(postfix, 1, "NTLM")
        print("NTLM with given credentials accepted")
        refused = send(given, postfix, login("processAccount", "bus"), password="wrong", expect=69)
        check(refused["state"] == "suspended", f"{refused}")
        check(len(postfix.messages()) == 1, "something was delivered")
        print("NTLM with a wrong password: suspended")
        account = {"host": {"serviceAccount": {"user": "bus", "password": {"file": "password"}}}}
        send(given, postfix, {**login("processAccount"), **account})
        accepted(postfix, 2, "NTLM")
        print("NTLM with the host's service account accepted")
        elsewhere = {"sendPorts": [{"name": "Out", "primaryTransport": {"properties": {"SMTPHost": f"localhost:{postfix.port}"}}}]}
        refused = send(given, postfix, {**login("processAccount"), **account, **elsewhere}, expect=69)
        check("only for what the send handler names" in json.dumps(refused), f"{refused}")
        check(len(postfix.messages()) == 2, "something was delivered")
        print("the service account goes to no other server")
        own.write("ntlm", b":bus:secret\n")
        os.environ["NTLM_USER_FILE"] = own.path("ntlm")
        send(given, postfix, login("processAccount"))
        accepted(postfix, 3, "NTLM")
        print("NTLM with the process's own account accepted")
        refused = send(given, postfix, {**login("processAccount"), **elsewhere}, expect=69)
        check("only for the SMTPHost" in json.dumps(refused), f"{refused}")
        check(len(postfix.messages()) == 3, "something was delivered")
        print("the process's own account goes to no other server")
        del os.environ["NTLM_USER_FILE"]


def kerberos(given):
    with PrivateKdc() as kdc:
        os.environ.update(kdc.environment)
        with PrivatePostfix(given.pki, requires_authentication=True, mechanisms="GSSAPI", hostname="localhost",
                            kerberos=(kdc.environment, kdc.keytab)) as postfix:
            host = {"SMTPHost": f"localhost:{postfix.port}"}
            send(given, postfix, login("kerberos", "bus@EXAMPLE.TEST", host))
            accepted(postfix, 1, "GSSAPI")
            print("Kerberos with given credentials accepted")
            refused = send(given, postfix, login("kerberos", "bus@EXAMPLE.TEST", host), password="wrong", expect=69)
            check(refused["state"] == "suspended", f"{refused}")
            print("Kerberos with a wrong password: suspended")
            account = {"host": {"serviceAccount": {"domain": "EXAMPLE.TEST", "user": "bus", "password": {"file": "password"}}}}
            send(given, postfix, {**login("kerberos", changes=host), **account})
            accepted(postfix, 2, "GSSAPI")
            print("Kerberos with the host's service account accepted")
            os.environ["KRB5CCNAME"] = os.path.join(kdc.folder, "tickets")
            none = send(given, postfix, login("kerberos", changes=host), expect=69)
            check(none["state"] == "suspended", f"{none}")
            print("Kerberos without a ticket: suspended")
            subprocess.run(["kinit", "bus@EXAMPLE.TEST"], input=b"secret\n", check=True, stdout=subprocess.DEVNULL)
            send(given, postfix, login("kerberos", changes=host))
            accepted(postfix, 3, "GSSAPI")
            print("Kerberos with the process's own ticket accepted")
            kdc.stop_serving()
            later = send(given, postfix, login("kerberos", "bus@EXAMPLE.TEST", host), expect=75)
            check(later["state"] == "retrying", f"{later}")
            check(len(postfix.messages()) == 3, "something was delivered")
            print("a KDC that cannot be reached: tried again later")


def main():
    as_root()
    given = harness.options()
    ntlm(given)
    kerberos(given)


if __name__ == "__main__":
    main()
