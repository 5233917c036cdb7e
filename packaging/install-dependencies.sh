#!/bin/sh
# Installs the Debian 12 packages that Hawser needs; says nothing and is done at once where all are there.
#
#     install-dependencies.sh [--build] [--quickstart] [--tests]        without an option: --build
#
# Needs root or a sudo that asks for no password. It asks no question and starts no system service.
set -eu

build="g++ cmake ninja-build ccache pkg-config ca-certificates git
    libboost1.81-dev libboost-url1.81-dev nlohmann-json3-dev libssl-dev libidn-dev libidn2-dev libkrb5-dev libfmt-dev libcli11-dev
    doctest-dev libsqlite3-dev libbenchmark-dev libhowardhinnant-date-dev tzdata"
quickstart="openssl python3 python3-aiosmtpd"
tests="postfix libsasl2-2 libsasl2-modules libsasl2-modules-db sasl2-bin libsasl2-modules-gssapi-mit
    gss-ntlmssp krb5-kdc krb5-admin-server krb5-user gpgsm gnupg gpg-agent gpgconf openssl python3 python3-aiosmtpd
    clang libc++-dev libc++abi-dev libclang-rt-dev libnss3-tools sqlite3 procps util-linux binutils"

[ $# -gt 0 ] || set -- --build
wanted=""
for option in "$@"; do
    case "$option" in
        --build) wanted="$wanted $build" ;;
        --quickstart) wanted="$wanted $quickstart" ;;
        --tests) wanted="$wanted $tests" ;;
        *) echo "usage: install-dependencies.sh [--build] [--quickstart] [--tests]" >&2; exit 64 ;;
    esac
done

missing=""
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || { echo "These packages are missing, and there is neither root nor sudo:$missing" >&2; exit 1; }
    as_root="sudo -n"
fi
echo "Installing:$missing"
log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made_policy=no
clean_up() {
    rm -f "$log"
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
# shellcheck disable=SC2086
run_apt install -y --no-install-recommends $missing
