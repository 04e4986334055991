#!/bin/sh
# The shop: answers one HTTP request on its standard input, as an inetd service does.
set -eu
version=@VERSION@
root=${SHOP_ROOT:-/srv/web}

case ${1:-} in
--version) echo "shop $version"; exit 0 ;;
esac

answer() { # status type file
  printf 'HTTP/1.0 %s\r\nContent-Type: %s\r\nContent-Length: %s\r\n\r\n' "$1" "$2" "$(wc -c <"$3" | tr -d ' ')"
  cat "$3"
}

read -r method path _
case "$method $path" in
'GET /' | 'GET /index.html') answer '200 OK' 'text/html; charset=utf-8' "$root/index.html" ;;
'GET /style.css') answer '200 OK' 'text/css' "$root/style.css" ;;
*) printf 'HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n' ;;
esac
