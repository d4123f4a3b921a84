#!/usr/bin/env bash
# Build the Debian package: deb.sh BUILD. In a folder of its own, always the same one, because its name ends
# up in what compilers write.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?the build folder}
need=(debhelper lintian)
missing=()
for package in "${need[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    install=(apt-get install -y --no-install-recommends "${missing[@]}")
    [ "$(id -u)" -eq 0 ] || install=(sudo "${install[@]}")
    echo "Installing: ${missing[*]}"
    DEBIAN_FRONTEND=noninteractive "${install[@]}" >/dev/null
fi

# What a compiler cache kept may name the folder of another build.
export CCACHE_DISABLE=1
version=$(cat VERSION)
tree=$build/deb/tierwatch-$version
rm -rf "$build/deb"
mkdir -p "$tree"
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z | tar --null -T - -cf - | tar -xf - -C "$tree"
else
    tar --exclude="./$build" -cf - . | tar -xf - -C "$tree"
fi
if [ -e "$build/dashboard/index.html" ]; then
    mkdir -p "$tree/build"
    cp -r "$build/dashboard" "$tree/build/"
fi
(cd "$tree" && dpkg-buildpackage -b -us -uc -d >../build.log 2>&1) || {
    tail -20 "$build/deb/build.log" >&2
    exit 1
}
rm -rf "$tree"
(cd "$build/deb" && lintian --fail-on error,warning --tag-display-limit 0 --allow-root ./*.changes)
ls -l "$build"/deb/*.deb
