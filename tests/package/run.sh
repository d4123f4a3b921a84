#!/usr/bin/env bash
# The Debian package from beginning to end: built twice, looked at by lintian, installed into a fresh Debian 12 with
# nothing but Debian's own packages, upgraded, used, purged. Takes some minutes, root and a mirror of Debian
# (TIERWATCH_MIRROR), so it is `make package` and no part of `make test`.
. "$(dirname "$0")/../e2e/lib.sh"
mirror=${TIERWATCH_MIRROR:-http://deb.debian.org/debian}

[ "$(id -u)" -eq 0 ] || skip "a fresh Debian is made as root"
for tool in debootstrap dh lintian npm git; do
    command -v $tool >/dev/null || skip "$tool is not installed"
done

# ---- built twice, in other places, by somebody with other habits

make_quietly() { (unset MAKEFLAGS; make -s "$@"); }
tree() { # PLACE: the files that git knows, as a tree of its own
    mkdir -p "$1"
    git ls-files -z | tar --null -T - -cf - | tar -xf - -C "$1"
    if [ -d dashboards/web/node_modules ]; then cp -r dashboards/web/node_modules "$1/dashboards/web/"; fi
}
tree "$work/one"
tree "$work/another/place/two"
(cd "$work/one" && umask 022 && make_quietly deb) >"$work/build" 2>&1 || fail "make deb" "$(tail -n 20 "$work/build")"
is "$(grep -cE '^[EW]:' "$work/build")" 0 "lintian has no errors and no warnings"
(cd "$work/another/place/two" && umask 077 && TZ=Asia/Shanghai LC_ALL=C.UTF-8 make_quietly deb) >"$work/build" 2>&1 ||
    fail "make deb again" "$(tail -n 20 "$work/build")"
digests() { (cd "$1/build/deb" && sha256sum ./*.deb); }
is "$(digests "$work/one")" "$(digests "$work/another/place/two")" "elsewhere and later, the package is the same to the byte"
deb=$(ls "$work"/one/build/deb/tierwatch_*.deb) || finish
version=$(dpkg-deb -f "$deb" Version)

# One that is older: other settings, other rules of the plant, the same inventory.
dpkg-deb -R "$deb" "$work/older"
sed -i "s/^Version: .*/Version: 0.9.0/" "$work/older/DEBIAN/control"
sed -i 's/^include:/# what an older version said\n&/' "$work/older/etc/tierwatch/tierwatch.yaml"
echo '# what an older version said' >>"$work/older/etc/tierwatch/rules.d/site.yaml"
dpkg-deb -b "$work/older" "$work/older.deb" >/dev/null

# ---- a fresh Debian

root=$work/root
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$work/debootstrap" 2>&1 ||
    skip "no Debian from $mirror: $(tail -n 1 "$work/debootstrap")"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
mkdir "$root/media/in"
cp "$deb" "$root/media/in/new.deb"
cp "$work/older.deb" "$root/media/in/older.deb"
cp "$plant" "$inventory" "$root/media/in/"
inside() {
    unshare --mount --pid --fork --mount-proc="$root/proc" chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}
apt() { inside apt-get -q -y --no-install-recommends "$@"; }
# What it needs first, so that what is found later is its own.
needed=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/,//g')
check "all that it needs is in Debian" apt install $needed
# Whoever adds users keeps copies of the lists as they were.
inside adduser --quiet --system --group --no-create-home somebody
inside deluser --quiet --system somebody
inside delgroup --quiet --system somebody 2>/dev/null
listed() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./var/cache -o -path ./var/lib/apt -o -path ./var/log/apt \
        -o -path ./media \) -prune -o -print | sort)
}
listed >"$work/before"

# ---- installed, edited, upgraded

check "an older version" apt install /media/in/older.deb
etc=$root/etc/tierwatch
echo '# mine' >>"$etc/tierwatch.yaml"
echo '# mine' >>"$etc/inventory.yaml"
printf 'site: plant-x\n' >"$etc/conf.d/20-mine.yaml"
check "its upgrade" apt -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install /media/in/new.deb
is "$(inside dpkg-query -W -f '${Version} ${db:Status-Status}' tierwatch)" "$version installed" "is there"
is "$(tail -n 1 "$etc/tierwatch.yaml")$(grep -c older "$etc/tierwatch.yaml")" "# mine1" "keeps what was edited, also where the new one differs"
check "and lays the new one beside it" test -e "$etc/tierwatch.yaml.dpkg-dist"
is "$(tail -n 1 "$etc/inventory.yaml")" "# mine" "keeps what was edited and did not change"
is "$(cat "$etc/conf.d/20-mine.yaml")" "site: plant-x" "keeps what was added"
is "$(grep -c older "$etc/rules.d/site.yaml")" 0 "and brings what nobody edited"
cp "$etc/tierwatch.yaml.dpkg-dist" "$etc/tierwatch.yaml"
is "$(inside stat -c '%U:%G:%a' /etc/tierwatch /var/lib/tierwatch | xargs)" "root:tierwatch:750 tierwatch:tierwatch:750" \
    "nobody else may look into its folders"

# ---- used

exits 1 "an ordinary user can not set it up" inside setpriv --reuid=65534 --regid=65534 --clear-groups \
    /usr/share/tierwatch/setup.sh --site plant-x --interface lo --broker none
like "$(cat "$work/err")" "setup.sh: .*root" "and is told why"
exits 0 "root sets it up without being asked" inside /usr/share/tierwatch/setup.sh --site plant-x --interface lo --broker none
like "$(cat "$work/out")" "All of it is in order" "and it is checked"
service=(setpriv --reuid=tierwatch --regid=tierwatch --init-groups --inh-caps=-all,+net_raw --ambient-caps=-all,+net_raw)
exits 0 "tierwatch --test, as its own user" inside "${service[@]}" tierwatch run -c /etc/tierwatch/tierwatch.yaml --test
exits 5 "and without the right to capture" inside setpriv --reuid=tierwatch --regid=tierwatch --init-groups \
    tierwatch run -c /etc/tierwatch/tierwatch.yaml --test
inside tierwatch replay -q --inventory /media/in/inventory.yaml --alerts - "/media/in/$(basename "$plant")" >"$work/alerts" 2>&1
replay --alerts - "$plant" >"$work/want"
same "$work/want" "$work/alerts" "a capture replays, to the same alerts"
inside "${service[@]}" sh -c 'tierwatch run -c /etc/tierwatch/tierwatch.yaml --set control.socket=/var/lib/tierwatch/socket & gateway=$!
    for i in $(seq 100); do tierwatch ctl status --socket /var/lib/tierwatch/socket && break; sleep 0.1; done
    tierwatch ctl reload --socket /var/lib/tierwatch/socket && tierwatch ctl shutdown --socket /var/lib/tierwatch/socket && wait $gateway' \
    >"$work/out" 2>"$work/err"
is $? 0 "a gateway runs as its user, is asked, reloads and stops"
like "$(cat "$work/out")" "state +watching" "and watches"

# ---- removed

check "removed" apt remove tierwatch
check "its configuration stays" test -e "$etc/conf.d/20-mine.yaml"
check "and the ledger" test -d "$root/var/lib/tierwatch/ledger"
check "purged" apt purge tierwatch
listed >"$work/after"
same "$work/before" "$work/after" "purge leaves nothing"
is "$(grep tierwatch "$root/etc/passwd" "$root/etc/group" "$root/etc/shadow")" "" "nor a user"
finish
