#!/bin/sh
# `docker` by podman. The one option of builds that the two read differently: to Docker the value of `--cache-from` is an
# image, to podman a repository, and a tag in it is an error.
previous=
for word do
  shift
  if [ "$previous" = --cache-from ]; then
    case ${word##*/} in *:*) word=${word%:*} ;; esac
  fi
  set -- "$@" "$word"
  previous=$word
done
exec podman "$@"
