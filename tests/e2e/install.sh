#!/usr/bin/env bash
# What `make install` puts where, what setup.sh and certs.sh write, and that the shipped broker configuration lets each
# role do what is its own and nothing else.
. "$(dirname "$0")/lib.sh"

root=$PWD
make_quietly() { (unset MAKEFLAGS; make -s "$@"); }
variant=$(basename "$(dirname "$(realpath "$TIERWATCH")")")

# ---- make install
check "make install" make_quietly VARIANT="$variant" DESTDIR="$work/dest" PREFIX=/usr install
usr=$work/dest/usr
is "$("$usr/bin/tierwatch" --version)" "$("$TIERWATCH" --version)" "the program is there"
is "$(cd "$usr/share/tierwatch/rules" && find . -type f | sort)" "$(cd rules && find . -type f | sort)" "and all rules"
is "$("$usr/bin/tierwatch" rules list | wc -l)" "$("$TIERWATCH" rules list rules | wc -l)" "which it finds by itself"
is "$(cd "$usr/share/man" && find . -type f | sort | tr '\n' ' ')" \
    "./man5/tierwatch-inventory.5 ./man5/tierwatch-rules.5 ./man5/tierwatch.yaml.5 ./man8/tierwatch.8 " "manual pages"

# Every key that the program knows stands in the page of its file.
keys() { jq -r '[.. | objects | .properties? // empty | keys[]] | unique[]'; }
for page in 'config tierwatch.yaml' 'inventory tierwatch-inventory' 'rules tierwatch-rules'; do
    set -- $page
    "$TIERWATCH" "$1" schema | keys >"$work/keys"
    sed -n 's/^\.It Cm \(\\&\)\{0,1\}\([^ ]*\).*/\2/p' "$usr/share/man/man5/$2.5" | sed 's/\\-/-/g' | sort -u >"$work/described"
    is "$(comm -23 <(sort "$work/keys") "$work/described")" "" "$2(5) describes every key"
done
for option in $("$TIERWATCH" run --help | grep -o -- '--[a-z-]*'; "$TIERWATCH" replay --help | grep -o -- '--[a-z-]*'); do
    grep -q -- "[- ]${option#--}" "$usr/share/man/man8/tierwatch.8" || echo "$option"
done >"$work/missing"
is "$(sort -u "$work/missing")" "" "tierwatch(8) has every option of run and replay"

# ---- completion
completed() { # WORD...: what would be offered for the last one
    bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tierwatch; echo "${COMPREPLY[*]}"' _ \
        "$usr/share/bash-completion/completions/tierwatch" "$@"
}
is "$(completed tierwatch rep)" "replay" "a command is completed"
is "$(completed tierwatch rules ch)" "check" "and its second word"
is "$(completed tierwatch replay --fail)" "--fail-on" "and an option"
is "$(completed tierwatch replay plant)" "" "files are left to the shell"

# ---- setup.sh
etc=$work/etc
mkdir "$etc"
sed "s#/usr/share#$usr/share#; s#/var/lib/tierwatch#$work/state#; s#/run/tierwatch#$work#" \
    "$usr/share/tierwatch/package/tierwatch.yaml" >"$etc/tierwatch.yaml"
cp "$usr/share/tierwatch/package/inventory.yaml" "$etc/"
mkdir "$etc/rules.d"
cp "$usr/share/tierwatch/package/rules.yaml" "$etc/rules.d/site.yaml"
setup() { "$usr/share/tierwatch/setup.sh" --etc "$etc" --binary "$TIERWATCH" "$@"; }
exits 2 "setup without a name for the plant" setup --interface lo
like "$(cat "$work/err")" "--site" "says what is missing"
exits 2 "a name that would break the file" setup --site 'a"b' --interface lo
exits 1 "no such folder" setup --etc "$work/none" --site a --interface lo
exits 0 "a first run" setup --no-test --site plant-x --interface lo --interface eth7 --broker none
is "$("$TIERWATCH" run -c "$etc/tierwatch.yaml" --dump-config | grep -E '^(site|gateway|interfaces|inventory):')" \
    "site: \"plant-x\"
gateway: \"gw-1\"
interfaces: [\"lo\", \"eth7\"]
inventory: \"$etc/inventory.yaml\"" "its answers are in force"
exits 0 "the inventory that is shipped" "$TIERWATCH" inventory check -c "$etc/tierwatch.yaml"
echo 'gateway: gw-9' >"$etc/conf.d/20-mine.yaml"
exits 0 "a second run" setup --no-test --interface lo --broker none
is "$("$TIERWATCH" run -c "$etc/tierwatch.yaml" --dump-config | grep -E '^(site|gateway|interfaces):' | tr '\n' ' ')" \
    'site: "plant-x" gateway: "gw-9" interfaces: ["lo"] ' "keeps what it was told, and other files"
echo pw-1 >"$work/pw"
exits 0 "a broker" setup --no-test --interface lo --broker one.example --user gw-1 --password-file "$work/pw"
is "$(grep -A3 ^broker "$etc/conf.d/10-gateway.yaml" | tr -s '\n ' ' ')" \
    'broker: host: "one.example" user: "gw-1" password_file: ../broker.secret ' "with its secret"
exits 0 "another one" setup --no-test --interface lo --broker two.example
is "$(grep -A3 ^broker "$etc/conf.d/10-gateway.yaml" | tr -s '\n ' ' ') $(cat "$etc/broker.secret.old")" \
    'broker: host: "two.example"  pw-1' "is not told the secret of the one before"
if [ "$(id -u)" -eq 0 ]; then
    exits 0 "with everything checked" setup --interface lo --broker none
    like "$(cat "$work/out")" "All of it is in order" "and said so"
fi

# ---- certs.sh and the broker's configuration
command -v mosquitto_sub >/dev/null || { finish; exit; }
certs=$work/certs
exits 2 "a name that is none" deploy/certs.sh "$certs" --broker '/etc/passwd'
exits 0 "certificates" deploy/certs.sh "$certs" --broker localhost --client gw-1
check "are what openssl verifies" openssl verify -purpose sslserver -CAfile "$certs/ca.pem" "$certs/localhost.pem"
before=$(sha256sum "$certs"/*.pem)
exits 0 "made again" deploy/certs.sh "$certs" --broker localhost --client gw-1
is "$(sha256sum "$certs"/*.pem)" "$before" "nothing is"

port=$(free_port) web=$(free_port)
sed "s#SITE#plant-x#g" deploy/mosquitto/tierwatch.acl >"$work/acl"
: >"$work/passwd"
for user in gw-1 team auditor; do mosquitto_passwd -b "$work/passwd" "$user" "pw-$user" 2>/dev/null; done
mkdir "$work/store"
chmod 700 "$work/passwd" "$work/acl"
mkdir "$work/conf.d"
sed "s#^listener 8883#listener $port#; s#^listener 9001#listener $web#; s#/etc/mosquitto/certs/ca.pem#$certs/ca.pem#;
    s#/etc/mosquitto/certs/broker#$certs/localhost#; s#/etc/mosquitto/tierwatch.passwd#$work/passwd#;
    s#/etc/mosquitto/tierwatch.acl#$work/acl#" deploy/mosquitto/tierwatch.conf >"$work/conf.d/tierwatch.conf"
# Beside what the distribution's main file says.
cat >"$work/mosquitto.conf" <<CONF
pid_file $work/mosquitto.pid
persistence true
persistence_location $work/store/
log_dest file $work/mosquitto.log
include_dir $work/conf.d
CONF
[ "$(id -u)" -ne 0 ] || echo 'user root' >>"$work/mosquitto.conf"
"$(command -v mosquitto || echo /usr/sbin/mosquitto)" -c "$work/mosquitto.conf" >"$work/broker.log" 2>&1 &
pids+=($!)
listens() { (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null; }
wait_for 10 listens "$port" && wait_for 10 listens "$web" || fail "the broker starts" "$(cat "$work/broker.log")"
is "$(ss -Hltn "sport = :$web" | awk '{print $4}')" "127.0.0.1:$web" "the WebSocket is bound to loopback only"

as() { # USER COMMAND...
    local user=$1 command=$2
    shift 2
    "$command" -h localhost -p "$port" --cafile "$certs/ca.pem" -V 5 -u "$user" -P "pw-$user" "$@"
}
heard() { # TOPIC: what the team hears of a message that USER published there
    local user=$1 topic=$2
    as team mosquitto_sub -t 'tierwatch/#' -t 'tierwatch-replay/#' -F '%t %p' -C 1 -W 3 >"$work/heard" 2>/dev/null &
    local listener=$!
    sleep 0.7
    as "$user" mosquitto_pub -t "$topic" -m hello -q 1 2>/dev/null
    wait $listener
    cat "$work/heard"
}
is "$(heard gw-1 tierwatch/1/plant-x/gw-1/state)" "tierwatch/1/plant-x/gw-1/state hello" "a gateway publishes what is its own"
is "$(heard gw-1 tierwatch/1/plant-x/gw-2/state)" "" "and not what is another's"
is "$(heard team tierwatch/1/plant-x/gw-1/alert/high/T2/CMD-01)" "" "the team publishes nothing"
is "$(heard auditor tierwatch/1/plant-x/gw-1/cmd/resend)" "tierwatch/1/plant-x/gw-1/cmd/resend hello" "an auditor asks for alerts again"
is "$(heard auditor tierwatch/1/plant-x/gw-1/alert/high/T2/CMD-01)" "" "and publishes no alert"
exits 5 "nobody gets in without a password" mosquitto_pub -h localhost -p "$port" --cafile "$certs/ca.pem" -t tierwatch/x -m x

# ---- the unit
if command -v systemd-analyze >/dev/null; then
    exposure=$(systemd-analyze security --offline=true "$root/deploy/systemd/tierwatch.service" 2>/dev/null | grep -o 'Overall.*' | grep -o '[0-9.]*' | head -n 1)
    check "exposure is $exposure, 2.0 at most" awk -v e="${exposure:-10}" 'BEGIN {exit !(e <= 2.0)}'
fi
finish
