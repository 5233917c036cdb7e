#!/bin/sh
# Makes a small public key infrastructure for tests and samples, with the openssl command alone.
#
#     make_pki.sh DIR
#
# DIR/certs/personal       certificate + private key in one PEM: signer, expired-signer, wrong-usage-signer, revoked-signer
# DIR/certs/other-people   partners' certificates: partner, partner-two, expired-partner, revoked-partner, wrong-usage-partner
# DIR/certs/roots          ca.pem and its revocation list ca.crl
# DIR/certs/roots-without-crl, DIR/certs/roots-stale-crl   the same anchor with no list, and with an outdated one
# DIR/partner              the partner's side: partner.key, partner-two.key, to open what was sent
# DIR/server               server.pem/.key (localhost, 127.0.0.1), wrong-name.pem/.key, self-signed.pem/.key, revoked.pem/.key,
#                          name-is-address.pem/.key (127.0.0.1 as a DNS name only), server.pin (its key as TLSPinnedKeys writes it)
# DIR/client               client.pem: certificate + private key, to show to a server
#
# It is made again only where DIR/complete is absent, so that many tests can share one.
set -eu
[ $# -eq 1 ] || { echo "usage: make_pki.sh DIR" >&2; exit 64; }
mkdir -p "$1"
cd "$1"
[ -e complete ] && exit 0

umask 077
mkdir -p ca/new certs/personal certs/other-people certs/roots certs/roots-without-crl certs/roots-stale-crl partner server client
: > ca/index.txt
printf '01\n' > ca/crlnumber
cat > ca/openssl.cnf <<'CONF'
[ca]
default_ca = test_ca
[test_ca]
dir = ca
new_certs_dir = ca/new
database = ca/index.txt
rand_serial = yes
crlnumber = ca/crlnumber
certificate = certs/roots/ca.pem
private_key = ca/ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
emailAddress = optional
[req]
distinguished_name = name
prompt = no
[name]
CN = Hawser Test CA
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[encrypter]
basicConstraints = CA:false
keyUsage = critical, keyEncipherment
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[wrong_usage]
basicConstraints = CA:false
keyUsage = critical, keyAgreement
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[server]
basicConstraints = CA:false
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[client]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
[name_is_address]
basicConstraints = CA:false
extendedKeyUsage = serverAuth
subjectAltName = DNS:127.0.0.1
[wrong_name]
basicConstraints = CA:false
extendedKeyUsage = serverAuth
subjectAltName = DNS:elsewhere.example
CONF

# issue NAME SECTION SUBJECT [START END]: ca/NAME.pem and ca/NAME.key, valid for ten years unless told otherwise.
issue() {
    start=${4:-$(date -u -d yesterday +%Y%m%d%H%M%SZ)}
    end=${5:-$(date -u -d '+10 years' +%Y%m%d%H%M%SZ)}
    openssl req -config ca/openssl.cnf -new -newkey rsa:2048 -nodes -keyout "ca/$1.key" -subj "$3" -out "ca/$1.csr" 2>> ca/log
    openssl ca -config ca/openssl.cnf -batch -notext -extensions "$2" -startdate "$start" -enddate "$end" \
        -in "ca/$1.csr" -out "ca/$1.pem" 2>> ca/log
}
revoke() { openssl ca -config ca/openssl.cnf -revoke "ca/$1.pem" 2>> ca/log; }
mine() { cat "ca/$1.pem" "ca/$1.key" > "certs/personal/$1.pem"; }
theirs() { cp "ca/$1.pem" "certs/other-people/$1.pem"; cp "ca/$1.key" "partner/$1.key"; }

openssl req -config ca/openssl.cnf -x509 -extensions root -newkey rsa:2048 -nodes -days 3650 \
    -keyout ca/ca.key -out certs/roots/ca.pem 2>> ca/log
past_start=20200101000000Z
past_end=20210101000000Z
issue signer signer "/CN=Hawser Signer/emailAddress=bus@example.test"
issue revoked-signer signer "/CN=Revoked Signer/emailAddress=bus@example.test"
issue expired-signer signer "/CN=Expired Signer/emailAddress=bus@example.test" "$past_start" "$past_end"
issue wrong-usage-signer wrong_usage "/CN=Wrong Usage Signer/emailAddress=bus@example.test"
for name in signer revoked-signer expired-signer wrong-usage-signer; do mine "$name"; done
issue partner encrypter "/CN=Partner/emailAddress=ap@example.test"
issue partner-two encrypter "/CN=Partner Two/emailAddress=two@example.test"
issue revoked-partner encrypter "/CN=Revoked Partner/emailAddress=revoked@example.test"
issue expired-partner encrypter "/CN=Expired Partner/emailAddress=expired@example.test" "$past_start" "$past_end"
issue wrong-usage-partner wrong_usage "/CN=Wrong Usage Partner/emailAddress=usage@example.test"
for name in partner partner-two revoked-partner expired-partner wrong-usage-partner; do theirs "$name"; done
issue revoked server "/CN=localhost"
revoke revoked
revoke revoked-signer
revoke revoked-partner
openssl ca -config ca/openssl.cnf -gencrl -crldays 3650 -out certs/roots/ca.crl 2>> ca/log
openssl ca -config ca/openssl.cnf -gencrl -crl_lastupdate "$past_start" -crl_nextupdate "$past_end" \
    -out certs/roots-stale-crl/ca.crl 2>> ca/log
cp certs/roots/ca.pem certs/roots-without-crl/ca.pem
cp certs/roots/ca.pem certs/roots-stale-crl/ca.pem

issue server server "/CN=localhost"
issue wrong-name wrong_name "/CN=elsewhere.example"
issue name-is-address name_is_address "/CN=127.0.0.1"
issue client client "/CN=Hawser Client"
cat ca/client.pem ca/client.key > client/client.pem
for name in server wrong-name revoked name-is-address; do cp "ca/$name.pem" "server/$name.pem"; cp "ca/$name.key" "server/$name.key"; done
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=localhost" -addext "subjectAltName=IP:127.0.0.1,DNS:localhost" \
    -keyout server/self-signed.key -out server/self-signed.pem 2>> ca/log
printf 'sha256/%s\n' "$(openssl pkey -in server/server.key -pubout -outform DER | openssl dgst -sha256 -binary | base64)" > server/server.pin
: > complete
