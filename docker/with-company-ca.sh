#!/bin/sh
# Run a command of the build; a company's certificates, where given, are trusted beside the public ones.
set -eu
company=${COMPANY_CA:-/run/company_ca.pem}
if [ -f "$company" ] && grep -q 'BEGIN CERTIFICATE' "$company"; then
    trusted=$(mktemp)
    cat /etc/ssl/certs/ca-certificates.crt "$company" > "$trusted"
    export SSL_CERT_FILE="$trusted" PIP_CERT="$trusted"
fi
exec "$@"
