#!/bin/sh
# Greets whoever the body names: the request comes on standard input, the answer goes to standard output.
set -eu
name=$(head -c 100 | tr -cd '[:alnum:] ')
echo "greeting ${name:-world} by $VIRGA_METHOD" >&2 # a log line
printf '{"hello":"%s"}\n' "${name:-world}"
