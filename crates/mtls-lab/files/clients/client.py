"""Asks a server that requires client certificates, with requests and with httpx.

Run, in lab/:    python3 clients/client.py [URL]            (default https://localhost:8443/; pip install requests httpx)
Other files:     MTLS_CA, MTLS_CERT and MTLS_KEY in the environment
Ends with 1 and one line on stderr if the server refuses, or its certificate does not lead to MTLS_CA.
"""

import os
import ssl
import sys

import httpx
import requests

URL = sys.argv[1] if len(sys.argv) > 1 else "https://localhost:8443/"
CA = os.environ.get("MTLS_CA", "same-ca/ca.crt")
CERT = os.environ.get("MTLS_CERT", "same-ca/client.crt")
KEY = os.environ.get("MTLS_KEY", "same-ca/client.key")


def by_requests() -> str:
    # trust_env=False: a REQUESTS_CA_BUNDLE in the environment would win over `verify`.
    with requests.Session() as session:
        session.trust_env = False
        session.verify = CA
        session.cert = (CERT, KEY)
        response = session.get(URL, timeout=10)
        response.raise_for_status()
        return response.text


def by_httpx() -> str:
    # Since httpx 0.28 certificates go into an SSLContext. From Python 3.13 on this context is strict: a CA made
    # without a keyUsage extension is refused as a server's issuer. The lab's CAs have one.
    context = ssl.create_default_context(cafile=CA)
    context.load_cert_chain(CERT, KEY)
    with httpx.Client(verify=context, trust_env=False, timeout=10) as client:
        response = client.get(URL)
        response.raise_for_status()
        return response.text


for ask in (by_requests, by_httpx):
    try:
        print(ask(), end="")
    except (requests.RequestException, httpx.HTTPError, OSError) as error:
        sys.exit("refused: " + " ".join(str(error).split()))
