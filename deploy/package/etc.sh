#!/bin/sh
# Fill in what of /etc belongs to the package: etc.sh ROOT.
set -eu
here=$(dirname "$0")
etc=$1/etc/tierwatch
install -d "$etc/conf.d" "$etc/rules.d"
install -m 644 "$here/tierwatch.yaml" "$here/inventory.yaml" "$etc/"
printf '%s\n' 'Files *.yaml here are read after tierwatch.yaml, in the order of their names.' >"$etc/conf.d/README"
chmod 644 "$etc/conf.d/README"
install -m 644 "$here/rules.yaml" "$etc/rules.d/site.yaml"
