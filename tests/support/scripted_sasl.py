"""The server's side of SASL for the scripted SMTP server: PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1 and -256 with and without -PLUS,
XOAUTH2, OAUTHBEARER.

authenticate(session, mechanism, initial) gives the user, or None where the exchange failed; it has not sent the last reply then.
What the script's "sasl" lines say makes it a wrong or hostile server.
"""
import base64
import hashlib
import hmac
import os
import ssl


class Refused(Exception):
    """The client broke the exchange off, or has not shown what it must."""


def authenticate(session, mechanism, initial):
    exchange = {"PLAIN": plain, "LOGIN": login, "CRAM-MD5": cram_md5}.get(mechanism)
    try:
        if exchange:
            return exchange(session, initial)
        if mechanism in ("XOAUTH2", "OAUTHBEARER"):
            return bearer(session, mechanism, initial)
        if mechanism.startswith("SCRAM-SHA-"):
            return scram(session, mechanism, initial)
    except (Refused, ValueError, IndexError, KeyError) as error:
        session.recorder.note(session.number, "-", f"authentication failed: {error}")
    return None


def bearer(session, mechanism, initial):
    """XOAUTH2 and OAUTHBEARER (RFC 7628): "sasl tokens first,second" accepts the first, after "sasl uses N" times the next."""
    parts = first(session, initial).decode().split("\1")
    user = parts[0].removeprefix("n,a=").rstrip(",") if mechanism == "OAUTHBEARER" else parts[0].removeprefix("user=")
    token = next(part for part in parts if part.startswith("auth=")).removeprefix("auth=Bearer ")
    script = session.script
    with script.lock:
        tokens, uses = script.sasl["tokens"].split(","), int(script.sasl.get("uses", "-1"))
        is_good = token == tokens[0]
        if is_good and uses > 0:
            script.sasl["uses"] = str(uses - 1)
            script.sasl["tokens"] = ",".join(tokens[1:]) if uses == 1 else script.sasl["tokens"]
    if is_good:
        return user
    answer = ask(session, b'{"status":"invalid_token","scope":"mail.send"}')
    wanted = b"\1" if mechanism == "OAUTHBEARER" else b""
    raise Refused("the token is not known" if answer == wanted else f"the client answered {answer!r}")


def checked(session, user, password):
    if session.script.credentials not in (None, (user, password)):
        raise Refused("wrong name or password")
    return user


def ask(session, challenge):
    """One challenge and what the client answers, both decoded."""
    session.send(b"334 " + base64.b64encode(challenge) + b"\r\n")
    line = session.read_line()
    if line == "*":
        raise Refused("the client broke it off")
    return base64.b64decode(line, validate=True)


def first(session, initial):
    if initial is None:
        return ask(session, b"")
    return b"" if initial == "=" else base64.b64decode(initial, validate=True)


def plain(session, initial):
    _, user, password = first(session, initial).split(b"\0")
    return checked(session, user.decode(), password.decode())


def login(session, initial):
    user = ask(session, b"Username:") if initial is None else base64.b64decode(initial)
    return checked(session, user.decode(), ask(session, b"Password:").decode())


def cram_md5(session, _initial):
    challenge = b"<1896.697170952@server.example.test>"
    user, _, digest = ask(session, challenge).decode().rpartition(" ")
    wanted_user, password = session.script.credentials
    if user != wanted_user or digest != hmac.new(password.encode(), challenge, "md5").hexdigest():
        raise Refused("wrong name or digest")
    return user


def attributes(message):
    return dict(part.split("=", 1) for part in message.split(","))


def binding_of(session, kind):
    """None where this server does not know the kind."""
    if kind != "tls-server-end-point":
        return None
    with open(session.script.certificate_path, encoding="ascii") as file:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).digest()


def scram(session, mechanism, initial):
    """RFC 5802, with what the script wants wrong: iterations N, nonce wrong, signature wrong, salt wrong, end early."""
    wrong = session.script.sasl
    digest = "sha256" if "256" in mechanism else "sha1"
    client_first = first(session, initial).decode()
    flag, _, bare = client_first.split(",", 2)
    channel = (flag + ",,").encode()
    if flag.startswith("p="):
        binding = binding_of(session, flag[2:])
        if binding is None:
            raise_after(session, "unsupported-channel-binding-type")
        channel += binding
    elif mechanism.endswith("-PLUS"):
        raise Refused("no channel binding")
    elif flag == "y" and any(name.endswith("-PLUS") for extension in session.script.extensions for name in extension.split("=")):
        raise_after(session, "server-does-support-channel-binding")
    wanted_user, password = session.script.credentials
    salt, iterations = os.urandom(16), int(wrong.get("iterations", "4096"))
    nonce = ("x" if "nonce" in wrong else attributes(bare)["r"]) + base64.b64encode(os.urandom(9)).decode()
    sent_salt = "!" if "salt" in wrong else base64.b64encode(salt).decode()
    server_first = f"r={nonce},s={sent_salt},i={iterations}"
    if "early" in wrong:
        return wanted_user
    client_final = ask(session, server_first.encode()).decode()
    without_proof, _, proof = client_final.rpartition(",p=")
    if attributes(without_proof)["c"] != base64.b64encode(channel).decode():
        raise_after(session, "channel-bindings-dont-match")
    auth_message = ",".join((bare, server_first, without_proof)).encode()
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), salt, iterations)
    client_key = hmac.new(salted, b"Client Key", digest).digest()
    signature = hmac.new(hashlib.new(digest, client_key).digest(), auth_message, digest).digest()
    expected = bytes(a ^ b for a, b in zip(client_key, signature))
    if attributes(bare)["n"] != wanted_user or base64.b64decode(proof) != expected:
        raise_after(session, "invalid-proof")
    server_key = hmac.new(salted, b"Server Key", digest).digest()
    verifier = hmac.new(server_key, auth_message + (b"!" if "signature" in wrong else b""), digest).digest()
    if ask(session, b"v=" + base64.b64encode(verifier)) != b"":
        raise Refused("the client says something after the end")
    return wanted_user


def raise_after(session, error):
    """Tells the client why, as a SCRAM server does, before the exchange fails."""
    ask(session, b"e=" + error.encode())
    raise Refused(error)
