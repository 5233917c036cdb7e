#!/bin/sh
# Makes a small CA, a signer and a partner, and a certificate for the receiver, under DIR: make_certificates.sh DIR
set -eu
mkdir -p "$1"
cd "$1"
umask 077
mkdir -p certs/personal certs/other-people certs/roots partner server
exec 2> openssl.log

openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=Quickstart CA" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout ca.key -out certs/roots/ca.pem

# issue NAME SUBJECT EXTENSIONS: NAME.pem and NAME.key, signed by the CA
issue() {
    openssl req -new -newkey rsa:2048 -nodes -subj "$2" -keyout "$1.key" -out "$1.csr"
    printf 'basicConstraints=CA:false\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n%b' "$3" > "$1.ext"
    openssl x509 -req -days 3650 -in "$1.csr" -CA certs/roots/ca.pem -CAkey ca.key -CAserial ca.srl -CAcreateserial -extfile "$1.ext" -out "$1.pem"
    rm "$1.csr" "$1.ext"
}
issue signer "/CN=Message Bus/emailAddress=bus@example.test" 'keyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n'
issue partner "/CN=Partner/emailAddress=ap@partner.example" 'keyUsage=critical,keyEncipherment\nextendedKeyUsage=emailProtection\n'
issue server "/CN=localhost" 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n'

cat signer.pem signer.key > certs/personal/signer.pem        # ours: certificate with its private key
cp partner.pem certs/other-people/partner.pem                # theirs: what they gave us
mv partner.pem partner.key partner/                          # the partner's side, to open the message again
mv server.pem server.key server/
rm signer.pem signer.key
