#!/usr/bin/env bash
# Asks a server that requires client certificates, with curl: once with PEM files, once with a .p12 bundle.
#
# Run, in lab/:    bash clients/curl.sh [URL]                 (default https://localhost:8443/)
# Other files:     MTLS_CA, MTLS_CERT and MTLS_KEY, MTLS_P12 and MTLS_P12_PASSWORD in the environment
# Ends with 1 and one line on stderr if the server refuses, or its certificate does not lead to MTLS_CA.
set -euo pipefail

url=${1:-https://localhost:8443/}
ca=${MTLS_CA:-same-ca/ca.crt}
cert=${MTLS_CERT:-same-ca/client.crt}
key=${MTLS_KEY:-same-ca/client.key}
p12=${MTLS_P12:-same-ca/client.p12}
password=${MTLS_P12_PASSWORD:-MyP12Passw0rd} # the lab's

ask() {
  local answer
  # --fail: nginx refuses a certificate by status 400 only, which curl would print and call a success.
  if answer=$(curl --silent --show-error --fail --max-time 10 --cacert "$ca" "$@" "$url" 2>&1); then
    printf '%s\n' "$answer"
  else
    printf 'refused: %s\n' "${answer%%$'\n'*}" >&2
    exit 1
  fi
}

ask --cert "$cert" --key "$key"
# The password goes in through a file of options, as every user of the machine can read a command line.
ask --cert-type P12 --config <(printf 'cert = "%s:%s"\n' "$p12" "$password")
