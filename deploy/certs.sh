#!/usr/bin/env bash
# A certification authority and certificates for a trial: certs.sh FOLDER [--broker NAME]... [--client NAME]...
# What is there already is kept, so it can be run again with more names.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: certs.sh FOLDER [--broker NAME]... [--client NAME]... [--days N]

Makes FOLDER/ca.pem and ca.key, and NAME.pem and NAME.key for each name.

  --broker NAME  certificate of a broker: a DNS name or an address that clients connect to
  --client NAME  certificate of a gateway or viewer
  --days N       how long certificates are good (397); the authority is good for ten years

Example: certs.sh certs --broker localhost --broker 10.0.0.5 --client gw-1

This is for trials: the key of the authority is not protected by anything but its file's mode.
TEXT
}

folder='' days=397 brokers=() clients=()
while [ $# -gt 0 ]; do
    case $1 in
    --broker) brokers+=("${2:?--broker needs a name}"); shift 2 ;;
    --client) clients+=("${2:?--client needs a name}"); shift 2 ;;
    --days) days=${2:?--days needs a number}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "certs.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    *) [ -z "$folder" ] || { echo "certs.sh: one folder only" >&2; exit 2; }
       folder=$1; shift ;;
    esac
done
[ -n "$folder" ] || { usage >&2; exit 2; }
for name in "${brokers[@]}" "${clients[@]}"; do
    [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9.:_-]*$ ]] || { echo "certs.sh: '$name' is no name for a certificate" >&2; exit 2; }
done
umask 077
mkdir -p "$folder"
cd "$folder"

if [ ! -e ca.key ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 3650 \
        -subj '/CN=tierwatch trial CA' -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' \
        -addext 'keyUsage=critical,keyCertSign,cRLSign' 2>/dev/null
    echo "$folder/ca.pem: made"
fi

certify() { # NAME USE
    local name=$1 use=$2 file=${1//:/_} san=DNS
    [[ $name =~ ^[0-9.]+$ || $name == *:* ]] && san=IP
    if [ -e "$file.pem" ]; then
        echo "$folder/$file.pem: kept"
        return
    fi
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$file.key" -out "$file.csr" \
        -subj "/CN=$name" 2>/dev/null
    openssl x509 -req -in "$file.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -out "$file.pem" -days "$days" \
        -extfile <(printf '%s\n' "subjectAltName=$san:$name" 'basicConstraints=critical,CA:FALSE' \
            'keyUsage=critical,digitalSignature' "extendedKeyUsage=$use") 2>/dev/null
    rm -f "$file.csr"
    echo "$folder/$file.pem: made"
}
for name in "${brokers[@]}"; do certify "$name" serverAuth; done
for name in "${clients[@]}"; do certify "$name" clientAuth; done
chmod 644 -- *.pem
