#!/bin/sh
# Builds the shop into the directory $1 with the version $2: one executable and the page it serves.
set -eu
out=$1 version=$2
rm -rf "$out"
mkdir -p "$out/web"
sed "s/@VERSION@/$version/" src/shop.sh >"$out/shop"
chmod 755 "$out/shop"
sed "s/@VERSION@/$version/" web/index.html >"$out/web/index.html"
cp web/style.css "$out/web/"
echo "built shop $version"
