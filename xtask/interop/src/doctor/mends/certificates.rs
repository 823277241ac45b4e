//! Certificates with one thing wrong in them, and what has to hold when they are issued again or their file is written anew.

use super::mend::Mend;

const CLIENT: &str = "--cert same-ca/client.crt --key same-ca/client.key --ca same-ca/ca.crt";
const SERVER: &str = "--cert same-ca/server.crt --key same-ca/server.key --ca same-ca/ca.crt";
const CLIENT_IS_GOOD: &str =
    "openssl verify -x509_strict -purpose sslclient -CAfile same-ca/ca.crt same-ca/client.crt";

pub(super) const CERTIFICATES: &[Mend] = &[
    Mend {
        name: "serial number 0",
        id: "serial-number",
        targets: CLIENT,
        fault: "SERIAL=0 issue same-ca/client same-ca/ca /CN=client1 90 $LEAF $SIGNS $CLIENT",
        holds: "! openssl x509 -in same-ca/client.crt -noout -serial | grep -qx serial=00",
    },
    Mend {
        name: "serial number negative",
        id: "serial-number",
        targets: CLIENT,
        fault: "SERIAL=-5 issue same-ca/client same-ca/ca /CN=client1 90 $LEAF $SIGNS $CLIENT",
        holds: "! openssl x509 -in same-ca/client.crt -noout -serial | grep -q -- =-",
    },
    Mend {
        name: "serial number of 25 octets",
        id: "serial-number",
        targets: CLIENT,
        fault: "SERIAL=0x7f$(openssl rand -hex 24) issue same-ca/client same-ca/ca /CN=client1 90 $LEAF $SIGNS $CLIENT",
        holds: "openssl x509 -in same-ca/client.crt -noout -serial | grep -Eqx 'serial=.{1,40}'",
    },
    Mend {
        name: "ends before it begins",
        id: "validity-reversed",
        targets: CLIENT,
        fault: "issue same-ca/client same-ca/ca /CN=client1 -1 $LEAF $SIGNS $CLIENT",
        holds: CLIENT_IS_GOOD,
    },
    Mend {
        name: "usage for everything",
        id: "wrong-extended-key-usage",
        targets: CLIENT,
        fault: "issue same-ca/client same-ca/ca /CN=client1 90 $LEAF $SIGNS extendedKeyUsage=anyExtendedKeyUsage subjectAltName=email:a@b.example",
        holds: "openssl x509 -in same-ca/client.crt -noout -ext extendedKeyUsage | grep -q Client",
    },
    Mend {
        name: "critical extension that nobody knows",
        id: "unknown-critical-extension",
        targets: CLIENT,
        fault: "issue same-ca/client same-ca/ca /CN=client1 90 $LEAF $SIGNS $CLIENT 1.2.3.4=critical,DER:0500",
        holds: CLIENT_IS_GOOD,
    },
    Mend {
        name: "version 1",
        id: "unsupported-version",
        targets: CLIENT,
        fault: "openssl req -new -key same-ca/client.key -subj /CN=client1 | openssl x509 -req -CA same-ca/ca.crt -CAkey same-ca/ca.key -set_serial 0x41 -days 90 > n && cat n > same-ca/client.crt",
        holds: "openssl x509 -in same-ca/client.crt -noout -text | grep -q 'Version: 3'",
    },
    Mend {
        name: "part of a name as a wildcard",
        id: "name-not-a-host",
        targets: SERVER,
        fault: "issue same-ca/server same-ca/ca /CN=api 90 $LEAF $SIGNS extendedKeyUsage=serverAuth 'subjectAltName=DNS:a*.example.local'",
        holds: "! openssl x509 -in same-ca/server.crt -noout -ext subjectAltName | grep -q 'a\\*'",
    },
    Mend {
        name: "name with a port",
        id: "name-not-a-host",
        targets: SERVER,
        fault: "issue same-ca/server same-ca/ca /CN=api 90 $LEAF $SIGNS extendedKeyUsage=serverAuth subjectAltName=DNS:api.example.local:8443",
        holds: "openssl x509 -in same-ca/server.crt -noout -checkhost api.example.local | grep -q 'does match'",
    },
    Mend {
        name: "blank line",
        id: "pem-blank-line",
        targets: CLIENT,
        fault: r"sed -i '3s/$/\n/' same-ca/client.crt",
        holds: CLIENT_IS_GOOD,
    },
    Mend {
        name: "called X509 CERTIFICATE",
        id: "pem-old-label",
        targets: CLIENT,
        fault: "sed -i 's/ CERTIFICATE/ X509 CERTIFICATE/' same-ca/client.crt",
        holds: "grep -q -- '-----BEGIN CERTIFICATE-----' same-ca/client.crt",
    },
    Mend {
        name: "somebody else's behind it",
        id: "certificate-unrelated",
        targets: CLIENT,
        fault: "cat same-ca/server.crt >> same-ca/client.crt",
        holds: "test $(grep -c BEGIN same-ca/client.crt) = 1",
    },
];
