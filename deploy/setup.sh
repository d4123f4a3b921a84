#!/usr/bin/env bash
# Set up a gateway: asks what it needs to know, or takes it as options; writes conf.d/ and a password file, and checks
# all of it. Can be run again: what was answered before is offered.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: setup.sh [OPTION]...

  --site NAME         the plant, in alerts and topics
  --gateway NAME      this gateway (gw-1)
  --interface IFACE   where the mirror port is connected; may be repeated
  --broker HOST       the broker that gets the alerts; "none" keeps them in the ledger only
  --port N            of the broker (8883 with --ca, else 1883)
  --user NAME         at the broker; the password is read from the terminal, or from --password-file
  --password-file F   a file whose first line is the password; it is copied
  --ca FILE           certificates to trust for the broker (PEM): talk inside TLS
  --etc DIR           /etc/tierwatch
  --binary FILE       tierwatch
  --no-test           write, but do not check

Example: setup.sh --site plant-a --interface eth1 --broker 10.0.0.5 --user gw-1 --ca certs/ca.pem
TEXT
}

site='' gateway='' broker='' port='' user='' password_file='' ca='' etc=/etc/tierwatch binary=tierwatch check=true
interfaces=()
while [ $# -gt 0 ]; do
    case $1 in
    --site | --gateway | --broker | --port | --user | --password-file | --ca | --etc | --binary)
        name=${1#--}
        printf -v "${name//-/_}" '%s' "${2:?$1 needs a value}"
        shift 2
        ;;
    --interface) interfaces+=("${2:?--interface needs a value}"); shift 2 ;;
    --no-test) check=false; shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "setup.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    esac
done
fail() { echo "setup.sh: $1" >&2; exit "${2:-1}"; }

[ -d "$etc" ] || fail "$etc is not there: install the package first, or name another folder with --etc"
[ -w "$etc" ] || fail "$etc can not be written: run this as root"
out=$etc/conf.d/10-gateway.yaml

# What an earlier run wrote, as the default of the next one.
before() { [ ! -e "$out" ] || sed -n "s/^ *$1: *\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "$out" | head -1; }
ask() { # VARIABLE QUESTION DEFAULT
    local answer
    [ -z "${!1}" ] || return 0
    if [ -t 0 ]; then
        read -rp "$2${3:+ [$3]}: " answer
        printf -v "$1" '%s' "${answer:-$3}"
    else
        printf -v "$1" '%s' "$3"
    fi
}
ask site 'Name of the plant' "$(before site)"
[ -n "$site" ] || fail 'the plant needs a name: --site' 2
ask gateway 'Name of this gateway' "$(before gateway)"
gateway=${gateway:-gw-1}
if [ ${#interfaces[@]} -eq 0 ]; then
    first=''
    [ ! -t 0 ] || { echo 'Interfaces:'; printf '  %s\n' /sys/class/net/* | sed 's,/.*/,,'; }
    ask first 'Interface of the mirror port' "$(sed -n 's/^interfaces: \["\([^"]*\)".*/\1/p' "$out" 2>/dev/null || true)"
    [ -z "$first" ] || interfaces=("$first")
fi
[ ${#interfaces[@]} -gt 0 ] || fail 'an interface is needed: --interface' 2
ask broker 'Broker that gets the alerts (none: only the ledger)' "$(before host)"
broker=${broker:-none}
if [ "$broker" != none ]; then
    # Port and user are those of one broker.
    same=false
    [ "$broker" != "$(before host)" ] || same=true
    $same && port=${port:-$(before port)}
    ask user 'User name there (empty: none)' "$($same && before user || true)"
fi

for text in "$site" "$gateway" "${interfaces[@]}" "$broker" "$user"; do
    [[ $text =~ ^[A-Za-z0-9._:@-]*$ ]] || fail "'$text' has characters that a name must not have" 2
done
[[ -z $port || $port =~ ^[0-9]+$ ]] || fail "'$port' is no port" 2

umask 027
mkdir -p "$etc/conf.d"
# What is known of one broker is not told to another.
was=$(before host)
if [ -n "$was" ] && [ "$was" != "$broker" ]; then
    for file in broker.secret broker-ca.pem; do
        [ ! -e "$etc/$file" ] || { mv "$etc/$file" "$etc/$file.old"; echo "$etc/$file: of $was, now $file.old"; }
    done
fi
# The service's own user and group, where the package made them.
owner=$(id -un) group=$(id -gn)
if getent passwd tierwatch >/dev/null; then owner=tierwatch group=tierwatch; fi
if [ -n "$ca" ]; then
    install -m 644 "$ca" "$etc/broker-ca.pem"
fi
secret=$etc/broker.secret
if [ -n "$user" ] && [ -n "$password_file" ]; then
    head -1 "$password_file" >"$secret"
elif [ -n "$user" ] && [ ! -e "$secret" ] && [ -t 0 ]; then
    read -rsp "Password of $user at $broker: " password
    echo
    printf '%s\n' "$password" >"$secret"
fi
if [ -e "$secret" ]; then
    # The gateway's own: whoever else can read the folder can not read this.
    chown "$owner" "$secret"
    chmod 400 "$secret"
fi

{
    echo "# Written by setup.sh, which writes it anew; other files of this folder are yours."
    printf 'site: "%s"\ngateway: "%s"\ninterfaces: [' "$site" "$gateway"
    printf '"%s"' "${interfaces[0]}"
    [ ${#interfaces[@]} -eq 1 ] || printf ', "%s"' "${interfaces[@]:1}"
    echo ']'
    if [ "$broker" != none ]; then
        printf 'broker:\n  host: "%s"\n' "$broker"
        [ -z "$port" ] || echo "  port: $port"
        [ -z "$user" ] || printf '  user: "%s"\n' "$user"
        [ ! -e "$secret" ] || echo '  password_file: ../broker.secret'
        [ ! -e "$etc/broker-ca.pem" ] || echo '  tls: {ca: ../broker-ca.pem}'
    fi
} >"$out.new"
chgrp "$group" "$out.new"
mv "$out.new" "$out"
echo "$out: written"

if $check; then
    "$binary" run -c "$etc/tierwatch.yaml" --test
    echo 'All of it is in order. Start the gateway: systemctl enable --now tierwatch'
fi
