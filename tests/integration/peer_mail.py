"""What the tests with other mail servers share: one mail with all that may be changed on its way, and a look at what arrived."""
import email
import email.policy
import json
import time

from harness import check

QUEUED_MESSAGES = 10      # more, and Exim leaves them in its queue

TEXT = "Grüße aus Köln\r\n.\r\n..two dots\r\nFrom here on\r\ntrailing blanks  \r\n" + "a long line " * 120 + "\r\n.\r\nQUIT\r\nthe end"
HTML = "<p>Größe: <b>5&nbsp;€</b></p>\r\n.\r\n<img src=\"cid:logo.png\">"
IMAGE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def parsed(path):
    with open(path, "rb") as file:
        return email.message_from_binary_file(file, policy=email.policy.default)


def port_with(address, **properties):
    return {"sendPorts": [{"name": "Out", "primaryTransport": {"address": f"mailto:{address}", "properties": properties}}]}


def rich_mail(work, body):
    """A text, HTML with an image, the message's body as an attachment and a file; gives the properties."""
    work.write("in.bin", body)
    work.write("logo.png", IMAGE)
    work.write("umlaut-ü.bin", body[::-1][:5000])
    return {"Subject": "Rechnung Nº 5: Übersicht" + " und so weiter" * 8, "EmailBodyText": TEXT, "EmailBodyHtml": HTML,
            "InlineImages": [work.path("logo.png")], "Attachments": [work.path("umlaut-ü.bin")], "MessagePartsAttachments": "body"}


def without_cr(text):
    """A mailbox on Unix has its own line ends; what was written in base64 keeps ours."""
    return text.replace("\r\n", "\n").rstrip("\n")


def check_rich_mail(mail, properties, body):
    check(str(mail["Subject"]) == properties["Subject"], f"Subject: {mail['Subject']!r}")
    check(without_cr(mail.get_body(("plain",)).get_content()) == without_cr(TEXT), mail.get_body(("plain",)).get_content())
    check(without_cr(mail.get_body(("html",)).get_content()) == without_cr(HTML), mail.get_body(("html",)).get_content())
    images = [part.get_content() for part in mail.walk() if part.get("Content-ID") == "<logo.png>"]
    check(images == [IMAGE], f"{len(images)} images")
    attached = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    check(sorted(map(len, attached.values())) == sorted((len(body), min(5000, len(body)))), f"{[(k, len(v)) for k, v in attached.items()]}")
    check(attached["umlaut-ü.bin"] == body[::-1][:5000], "the attached file")
    check(body in attached.values(), "the attached body")


def delivery(work, code, *words):
    """Sends in.bin by the port Out, and gives the delivery as `hawser send --json` shows it."""
    text = work.hawser("send", "bindings.json", "--port", "Out", "--json", "in.bin", *words, expect=code)
    return json.loads(text)["deliveries"][0]


def send_queued(work):
    """Messages that wait for one connection: the envelope of each goes behind the content of the one before (RFC 2920)."""
    work.write("in.bin", b"queued\r\n" * 200)
    for _ in range(QUEUED_MESSAGES):
        work.hawser("submit", "bindings.json", "--port", "Out", "in.bin")
    host = work.start_host()
    deadline = time.monotonic() + 30
    while json.loads(work.hawser("messages", "list", "bindings.json", "--json"))["messages"]:
        check(time.monotonic() < deadline, work.hawser("messages", "list", "bindings.json"))
        time.sleep(0.1)
    work.stop_host(host)


def check_queued(mails):
    ids = {str(mail["Message-ID"]) for mail in mails}
    check(len(mails) == QUEUED_MESSAGES and len(ids) == QUEUED_MESSAGES, f"{len(mails)} mails, {len(ids)} Message-IDs")
