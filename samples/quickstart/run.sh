#!/bin/bash
# The quickstart: builds Hawser, sends a sample invoice through a port that signs and encrypts, to another program's SMTP server
# on this machine, and opens again what arrived. Everything it makes is in build/; nothing is left running.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work="$top/build/quickstart"
hawser="$top/build/bin/hawser"
receiver=""

say() { printf '\n== %s\n' "$*"; }
fail() { printf '\nIt did not work: %s\n' "$*" >&2; exit 1; }
clean_up() {
    if [ -n "$receiver" ]; then
        kill "$receiver" 2> /dev/null || true
        wait "$receiver" 2> /dev/null || true
    fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say "1. Install what is missing and build (the first time takes some minutes)"
"$top/packaging/install-dependencies.sh" --build --quickstart
cd "$top"
mkdir -p build
cmake --preset release -DHAWSER_BENCH=OFF > build/configure.log 2>&1 || { cat build/configure.log; fail "cmake found something missing"; }
cmake --build --preset release --target hawser smtp smime

say "2. Make a small certificate authority, a signer and a partner"
rm -rf "$work"
mkdir -p "$work/received"
"$here/make_certificates.sh" "$work"
cp "$here/bindings.json" "$here/invoice.pdf" "$work/"
echo "In $work/certs: personal (ours, with the private key), other-people (the partner's), roots (whom we trust)."

say "3. Start a third party's SMTP server (aiosmtpd, STARTTLS demanded)"
/usr/bin/python3 "$here/receiver.py" --certificate "$work/server/server.pem" --key "$work/server/server.key" \
    --out "$work/received" > "$work/receiver.out" 2> "$work/receiver.log" &
receiver=$!
until grep -q '^port ' "$work/receiver.out"; do
    kill -0 "$receiver" 2> /dev/null || { cat "$work/receiver.log"; fail "the receiver did not start"; }
    sleep 0.05
done
port=$(sed -n 's/^port //p' "$work/receiver.out")
printf '{ "sendHandlers": { "SMTP": { "SMTPHost": "127.0.0.1:%s" } } }\n' "$port" > "$work/this-machine.json"
echo "It listens on 127.0.0.1:$port; this-machine.json lays that over the bindings."

say "4. Check the bindings, then send invoice.pdf through the port InvoicesToPartner"
cd "$work"
"$hawser" check bindings.json --overlay this-machine.json
"$hawser" send bindings.json --overlay this-machine.json --port InvoicesToPartner invoice.pdf

say "5. What the server got: the header can be read, the body cannot"
message="$work/received/message-1.eml"
[ -f "$message" ] || fail "the server got no message"
head -n 25 "$message" | tr -d '\r'
echo "[...]"
grep -q '^Subject: Invoice 2026-0042' "$message" || fail "the subject is not in the header"
if grep -q 'PDF-1.4' "$message"; then fail "the invoice can be read on the way"; fi

say "6. Open it as the partner would, with openssl alone"
openssl cms -decrypt -in "$message" -recip partner/partner.pem -inkey partner/partner.key -out decrypted.eml \
    || fail "the partner cannot decrypt it"
echo "Decrypted with the partner's key."
openssl cms -verify -in decrypted.eml -CAfile certs/roots/ca.pem -out content.eml 2> verify.log || { cat verify.log; fail "the signature is wrong"; }
echo "Signature verified: signed by the message bus, unchanged since."
/usr/bin/python3 - content.eml received-invoice.pdf <<'PYTHON'
import email, email.policy, sys
with open(sys.argv[1], "rb") as file:
    mail = email.message_from_binary_file(file, policy=email.policy.SMTP)
parts = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
with open(sys.argv[2], "wb") as file:
    file.write(next((part for part in parts if part.startswith(b"%PDF")), b""))
PYTHON
cmp received-invoice.pdf invoice.pdf || fail "the invoice is not the one that was sent"
echo "The PDF inside is the one that was sent, byte for byte ($(sha256sum < invoice.pdf | cut -c1-16)...)."

say "What happened"
cat <<'TEXT'
hawser stored the invoice durably, signed it with the bus's key, encrypted it to the partner's certificate, and handed it to the
SMTP server inside TLS. The server could read who it is for and the subject, and nothing else. The partner decrypted it and knows
who sent it. Everything is in build/quickstart: look at bindings.json, change it, and run this again.
TEXT
