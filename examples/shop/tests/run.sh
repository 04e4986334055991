#!/bin/sh
# Asks the built shop in directory $1 for its pages.
set -eu
out=$1
SHOP_ROOT=$out/web
export SHOP_ROOT
ask() { printf 'GET %s HTTP/1.0\r\n\r\n' "$1" | tr -d '\r' | "$out/shop" | head -n 1 | tr -d '\r'; }
expect() { # path status
  got=$(ask "$1")
  [ "$got" = "HTTP/1.0 $2" ] || { echo "GET $1: expected $2, got $got" >&2; exit 1; }
}
"$out/shop" --version
expect / '200 OK'
expect /style.css '200 OK'
expect /nowhere '404 Not Found'
if grep -q '@VERSION@' "$out/web/index.html"; then echo 'the page shows no version' >&2; exit 1; fi
echo '4 checks passed'
