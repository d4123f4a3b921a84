#!/usr/bin/env bash
# Install the Debian packages that building and running need and that are missing; with --test also what
# only tests need and is large. As root or with sudo; otherwise print the one command that would do it.
set -euo pipefail

packages=(gcc make pkg-config libc6-dev libpcap-dev libndpi-dev libmosquitto-dev
    libyaml-dev libpcre2-dev libssl-dev zlib1g-dev libsqlite3-dev libseccomp-dev libcmocka-dev
    libmicrohttpd-dev
    mosquitto mosquitto-clients python3 python3-paho-mqtt jq clang-format-14 iproute2 tcpdump
    tcpreplay procps openssl strace curl)

# Whatever Node.js is there will do: Debian's npm does not go with that of others.
command -v npm >/dev/null || packages+=(nodejs npm)
[ "${1:-}" != --test ] || packages+=(chromium prometheus)

missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then
    as_root=(sudo)
else
    echo "Some packages are missing. Install them with:" >&2
    echo "    sudo $install" >&2
    exit 1
fi

echo "Installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
run() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@"; }
run apt-get -q update >/dev/null
# Debian starts a broker and a Prometheus when their packages are installed; only our own are wanted here.
case " ${missing[*]} " in
*" mosquitto "* | *" prometheus "*) quiet=yes ;;
*) quiet=no ;;
esac
if [ $quiet = yes ] && [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' | run tee /usr/sbin/policy-rc.d >/dev/null
    run chmod 755 /usr/sbin/policy-rc.d
    trap 'run rm -f /usr/sbin/policy-rc.d' EXIT
fi
run apt-get -q install -y --no-install-recommends "${missing[@]}" >/dev/null
