#!/usr/bin/python3
"""What the encoder makes of a message where no composer does: every encoding and BizTalk property, read back by Python's email package.

    mime_parts_test.py --hawser build/bin/hawser --pki DIR
"""
import email
import email.policy
import os
import subprocess

import harness
from harness import Work, check

BYTES = bytes(range(256)) * 20 + b"no line end"
TEXT = b"From here on\r\n.\r\ntrailing blanks  \r\n\r\nend\r\n"
ENCODINGS = {"Base64": "base64", "QuotedPrintable": "quoted-printable", "UUEncode": "x-uuencode", "Binary": "binary",
             "SevenBit": "7bit", "EightBit": "8bit"}


class Parts(Work):
    """Bindings whose port sends by an adapter without a composer, and what a preview shows of a message."""

    def seal(self, body, properties=None, context=None, parts=None, expect=0):
        plugin = os.path.join(os.path.dirname(os.path.dirname(self.given.hawser)), "tests/plugins/fail_component.so")
        self.bindings("sealed", 1, {
            "plugins": ["smime", plugin], "sendHandlers": None,
            "pipelines": {"Sealed": None, "Own": {"encode": [{"component": "SMIMEEncoder", "properties": properties or {}}]}},
            "sendPorts": [{"name": "Out", "pipeline": "Own", "primaryTransport": {
                "type": "TEST", "address": "test:" + self.path("out"), "properties": {"Subject": None}}}]})
        words = [f"--property={name}={value}" for name, value in (context or {}).items()]
        for name, content in (parts or {}).items():
            words += ["--part", f"{name}={self.write(name, content)}"]
        done = subprocess.run([self.given.hawser, "preview", "bindings.json", "--port", "Out", *words, self.write("body", body)],
                              cwd=self.folder, capture_output=True, check=False)
        check(done.returncode == expect, f"{properties} {context}: {done.returncode} {done.stderr.decode('utf-8', 'replace')}")
        return done.stderr.decode("utf-8", "replace") if expect else done.stdout

    def openssl(self, *words):
        done = subprocess.run(["openssl", "cms", *words], cwd=self.folder, capture_output=True, check=False)
        check(done.returncode == 0, f"openssl cms {words[0]}: {done.stderr.decode('utf-8', 'replace')}")


def read(entity):
    return email.message_from_bytes(entity, policy=email.policy.default)


def content_transfer_encodings(work):
    for word, name in ENCODINGS.items():
        body = TEXT if word in ("SevenBit", "EightBit") else BYTES
        mail = read(work.seal(body, {"ContentTransferEncoding": word}))
        check(mail["Content-Transfer-Encoding"] == name, f"{word}: {mail['Content-Transfer-Encoding']}")
        check(mail.get_payload(decode=True) == body, f"{word}: {mail.get_payload(decode=True)[:200]}")
        own = read(work.seal(body, {}, {"MIME.ContentTransferEncoding": word}))
        check(own["Content-Transfer-Encoding"] == name, f"the part's {word}: {own['Content-Transfer-Encoding']}")
    for word in ("SevenBit", "EightBit"):
        answer = work.seal(BYTES, {"ContentTransferEncoding": word}, expect=69)
        check(word in answer, answer)
    print("ContentTransferEncoding: six of six are read back")


def part_properties(work):
    mail = read(work.seal(BYTES, {"SendBodyPartAsAttachment": True}, {
        "MIME.FileName": "Größe 1.bin", "MIME.ContentID": "a@example.test", "MIME.ContentDescription": "Für Müller: " + "ä" * 60,
        "MIME.ContentLocation": "http://example.test/a?b=c", "MIME.PartContentTypeSecondaryHeader": "version",
        "MIME.PartContentTypeSecondaryHeaderValue": "RNIF \"2\""}))
    check(mail.get_content_disposition() == "attachment" and mail.get_filename() == "Größe 1.bin", mail.as_string()[:500])
    check(mail["Content-ID"] == "<a@example.test>", mail["Content-ID"])
    check(mail["Content-Description"] == "Für Müller: " + "ä" * 60, mail["Content-Description"])
    check(mail["Content-Location"] == "http://example.test/a?b=c", mail["Content-Location"])
    check(mail.get_param("version") == "RNIF \"2\"", str(mail.get_params()))
    check(mail.get_payload(decode=True) == BYTES, "the body")
    print("FileName, ContentID, ContentDescription, ContentLocation, PartContentTypeSecondaryHeader, SendBodyPartAsAttachment")


def several_parts(work):
    parts = {"second": TEXT, "third": BYTES}
    mixed = read(work.seal(TEXT, {}, {}, parts))
    check(mixed.get_content_type() == "multipart/mixed", mixed.get_content_type())
    check([one.get_payload(decode=True) for one in mixed.iter_parts()] == [TEXT, TEXT, BYTES], "the parts")
    check([one.get_content_disposition() for one in mixed.iter_parts()] == ["inline", "attachment", "attachment"], "dispositions")
    related = read(work.seal(TEXT, {"ContentTransferEncoding": "Binary"}, {
        "MIME.IsMultipartRelated": "true", "MIME.ContentID": "root@example.test", "MIME.ContentTypeSecondaryHeader": "edition",
        "MIME.ContentTypeSecondaryHeaderValue": "zweite, für alle"}, parts))
    check(related.get_content_type() == "multipart/related" and related["Content-Transfer-Encoding"] == "binary", related["Content-Type"])
    check(related.get_param("start") == "<root@example.test>", str(related.get_params()))
    check(email.utils.collapse_rfc2231_value(related.get_param("edition")) == "zweite, für alle", str(related.get_params()))
    print("multipart/mixed and multipart/related")


def sealed_parts(work):
    """What is sealed is the entity, whatever its encoding."""
    roots = os.path.join(work.given.pki, "certs/roots/ca.pem")
    partner = ["-recip", os.path.join(work.given.pki, "certs/other-people/partner.pem"),
               "-inkey", os.path.join(work.given.pki, "partner/partner.key")]
    for word in ENCODINGS:
        body = TEXT if word in ("SevenBit", "EightBit") else BYTES
        work.write("sealed.eml", work.seal(body, {"SignatureType": "BlobSign", "EnableEncryption": True, "CheckRevocationList": False,
                                                  "ContentTransferEncoding": word}, {}, {"second": BYTES if word == "Binary" else TEXT}))
        work.openssl("-decrypt", "-binary", "-in", "sealed.eml", *partner, "-out", "signed.eml")
        work.openssl("-verify", "-binary", "-in", "signed.eml", "-CAfile", roots, "-out", "open.eml")
        with open(work.path("open.eml"), "rb") as file:
            opened = read(file.read())
        if word != "Binary":  # whose line ends Python's parser changes
            check([one.get_payload(decode=True) for one in opened.iter_parts()] == [body, TEXT], f"{word}: {opened.as_string()[:500]}")
    answer = work.seal(BYTES, {"SignatureType": "ClearSign", "CheckRevocationList": False, "ContentTransferEncoding": "Binary"}, expect=69)
    check("7bit" in answer, answer)
    print("sealed parts: opened by openssl and read back")


def injections(work):
    texts = ("FileName", "ContentID", "ContentDescription", "ContentLocation", "ContentTypeSecondaryHeader", "PartContentTypeSecondaryHeader")
    for name in texts:
        for value in ("a\r\nBcc: mallory@example.test", "a\nb", "a" * 501, "a\x1b[2J"):
            context = {f"MIME.{name}": value, **({f"MIME.{name}Value": "1"} if name.endswith("SecondaryHeader") else {})}
            answer = work.seal(TEXT, {}, context, expect=69)
            check(f"MIME.{name}" in answer and "\x1b" not in answer, f"{name}: {answer}")
    print("line breaks, controls and long values are refused by name")


def main():
    given = harness.options()
    for test in (content_transfer_encodings, part_properties, several_parts, sealed_parts, injections):
        with Parts(given) as work:
            test(work)


if __name__ == "__main__":
    main()
