#!/bin/sh
# Installs the Debian 12 packages that Hawser needs; says nothing and is done at once where all are there.
#
#     install-dependencies.sh [--build] [--quickstart] [--tests]        without an option: --build
#
# Needs root or a sudo that asks for no password. It asks no question and starts no system service.
set -eu

build="g++ cmake ninja-build ccache pkg-config ca-certificates git
    libboost1.81-dev libboost-url1.81-dev nlohmann-json3-dev libssl-dev libidn-dev libidn2-dev libp11-kit-dev libkrb5-dev libfmt-dev libcli11-dev
    libldap-dev libjemalloc-dev doctest-dev libsqlite3-dev libbenchmark-dev libhowardhinnant-date-dev tzdata"
quickstart="openssl python3 python3-aiosmtpd"
tests="postfix libsasl2-2 libsasl2-modules libsasl2-modules-db sasl2-bin libsasl2-modules-gssapi-mit
    gss-ntlmssp krb5-kdc krb5-admin-server krb5-user gpgsm gnupg gpg-agent gpgconf openssl python3 python3-aiosmtpd
    libbcmail-java softhsm2 opensc default-jdk-headless python3-cryptography-vectors python3-cryptography python3-asn1crypto
    clang libc++-dev libc++abi-dev libclang-rt-dev libnss3-tools sqlite3 procps util-linux binutils
    dovecot-core dovecot-submissiond
    libdb5.3 libgnutls-dane0 libltdl7 libidn12 libnsl2 libpcre2-8-0 libevent-2.1-7 libpam0g mount"
# Servers to test against that conflict with Postfix, as all of Debian's mail servers do with each other, or that start a service: unpacked, never
# configured or started. The last line of packages above is what they need.
peers="exim4-daemon-light opensmtpd slapd"
peers_folder=${HAWSER_PEERS:-/var/cache/hawser/peers}

[ $# -gt 0 ] || set -- --build
wanted=""
unpacked=""
for option in "$@"; do
    case "$option" in
        --build) wanted="$wanted $build" ;;
        --quickstart) wanted="$wanted $quickstart" ;;
        --tests) wanted="$wanted $tests"; unpacked=$peers ;;
        *) echo "usage: install-dependencies.sh [--build] [--quickstart] [--tests]" >&2; exit 64 ;;
    esac
done

missing=""
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
not_unpacked=""
for package in $unpacked; do
    [ -d "$peers_folder/$package" ] || not_unpacked="$not_unpacked $package"
done
[ -n "$missing$not_unpacked" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || { echo "These packages are missing, and there is neither root nor sudo:$missing$not_unpacked" >&2; exit 1; }
    as_root="sudo -n"
fi
echo "Installing:$missing$not_unpacked"
log=$(mktemp)
downloads=$(mktemp -d)
chmod 755 "$downloads"
policy=/usr/sbin/policy-rc.d
made_policy=no
clean_up() {
    rm -rf "$log" "$downloads"
    [ "$made_policy" = no ] || $as_root rm -f "$policy"
}
trap clean_up EXIT

# Postfix comes unconfigured, and policy-rc.d (exit code 101: not allowed) keeps packages from starting services.
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" > /dev/null
    $as_root chmod 755 "$policy"
    made_policy=yes
fi
if command -v debconf-set-selections > /dev/null; then
    echo "postfix postfix/main_mailer_type select No configuration" | $as_root debconf-set-selections
fi
run_apt() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" > "$log" 2>&1 < /dev/null \
        || { cat "$log" >&2; echo "apt-get $1 failed" >&2; exit 1; }
}
run_apt update
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    run_apt install -y --no-install-recommends $missing
fi

# Renamed into place as a whole; without the rights of others that a package gives to its programs.
cd "$downloads"
for package in $not_unpacked; do
    run_apt download "$package"
    $as_root mkdir -p "$peers_folder"
    $as_root rm -rf "$peers_folder/$package.part"
    $as_root dpkg-deb -x "$package"_*.deb "$peers_folder/$package.part"
    $as_root chmod -R u-s,g-s "$peers_folder/$package.part"
    $as_root mv "$peers_folder/$package.part" "$peers_folder/$package"
done
