#!/bin/sh
# Scripts start in the host's root.
grep -q Shop srv/shop/index.html && echo "the shop is there"
