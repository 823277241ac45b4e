//! Changes of the extensions.

use test_pki::der::tlv;

use super::named::{ALL, BELOW, CAS, LEAVES, Named, TLS};
use super::parts::{
    AIA, AKI, BASIC, CRL_POINTS, EKU, KEY_USAGE, NAME_CONSTRAINTS, NO_CHECK, NO_REV_AVAIL,
    PURPOSE_CLIENT, PURPOSE_OCSP, PURPOSE_SERVER, SAN, SKI, ec_key, ocsp, permitted, points,
};
use crate::pki::Role::{Issuing, Responder, Server};

pub(super) const CHANGES: &[Named] = &[
    Named {
        name: "no key usage",
        roles: ALL,
        change: |tbs, _| tbs.remove(KEY_USAGE),
        why: "RFC 5280 4.2.1.3 asks it of CAs alone, we of all, so that no key is for everything; OpenSSL looks at the extensions of a trust anchor less closely",
    },
    Named {
        name: "key usage not critical",
        roles: ALL,
        change: |tbs, _| tbs.flip(KEY_USAGE),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "key usage empty",
        roles: ALL,
        change: |tbs, _| tbs.put(KEY_USAGE, true, [3, 1, 0]),
        why: "",
    },
    Named {
        name: "key usage with trailing zero bits",
        roles: LEAVES,
        change: |tbs, _| tbs.put(KEY_USAGE, true, [3, 2, 0, 0x80]),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "key encipherment for an EC key",
        roles: LEAVES,
        change: |tbs, _| {
            ec_key(tbs, |_| {});
            tbs.put(KEY_USAGE, true, [3, 2, 5, 0xa0]);
        },
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "keyCertSign in a leaf",
        roles: LEAVES,
        change: |tbs, _| tbs.put(KEY_USAGE, true, [3, 2, 2, 0x84]),
        why: "",
    },
    Named {
        name: "no keyCertSign in a CA",
        roles: CAS,
        change: |tbs, _| tbs.put(KEY_USAGE, true, [3, 2, 1, 2]),
        why: "OpenSSL looks at the extensions of a trust anchor less closely",
    },
    Named {
        name: "no cRLSign in a CA",
        roles: CAS,
        change: |tbs, _| tbs.put(KEY_USAGE, true, [3, 2, 2, 4]),
        why: "such a CA cannot revoke; RFC 5280, by which pkilint judges, allows it",
    },
    Named {
        name: "no extended key usage",
        roles: LEAVES,
        change: |tbs, _| tbs.remove(EKU),
        why: "a certificate for everything is for what its CA did not mean; RFC 5280, by which pkilint judges, allows it",
    },
    Named {
        name: "extended key usage critical",
        roles: LEAVES,
        change: |tbs, _| tbs.flip(EKU),
        why: "CABF BR 7.1.2.7.6; RFC 5280, by which pkilint judges, allows it",
    },
    Named {
        name: "extended key usage empty",
        roles: LEAVES,
        change: |tbs, _| tbs.put(EKU, false, tlv(0x30, [])),
        why: "OpenSSL looks at purposes when it is asked for one, and cannot be for OCSP",
    },
    Named {
        name: "anyExtendedKeyUsage",
        roles: LEAVES,
        change: |tbs, _| tbs.put(EKU, false, tlv(0x30, [6, 4, 0x55, 0x1d, 0x25, 0])),
        why: "it limits nothing; RFC 5280, by which pkilint judges, allows it, and OpenSSL refuses it for servers and clients",
    },
    Named {
        name: "for servers and clients",
        roles: TLS,
        change: |tbs, _| {
            tbs.put(
                EKU,
                false,
                tlv(0x30, [PURPOSE_SERVER, PURPOSE_CLIENT].concat()),
            )
        },
        why: "a stolen client key would be a server's, too; RFC 5280, by which pkilint judges, allows it",
    },
    Named {
        name: "OCSPSigning in a CA",
        roles: CAS,
        change: |tbs, _| tbs.put(EKU, false, tlv(0x30, PURPOSE_OCSP)),
        why: "CABF BR 7.1.2.10.6: it could answer for the CA above it; RFC 5280, by which pkilint judges, allows it",
    },
    Named {
        name: "OCSPSigning and clientAuth",
        roles: &[Responder],
        change: |tbs, _| {
            tbs.put(
                EKU,
                false,
                tlv(0x30, [PURPOSE_OCSP, PURPOSE_CLIENT].concat()),
            )
        },
        why: "CABF BR 7.1.2.8.7; RFC 5280, by which pkilint judges, allows it",
    },
    Named {
        name: "no basic constraints",
        roles: ALL,
        change: |tbs, _| tbs.remove(BASIC),
        why: "RFC 5280 4.2.1.9 asks it of CAs alone, we of all, so that nobody has to guess",
    },
    Named {
        name: "basic constraints of a CA not critical",
        roles: CAS,
        change: |tbs, _| tbs.flip(BASIC),
        why: "OpenSSL looks at the extensions of a trust anchor less closely",
    },
    Named {
        name: "path length in a leaf",
        roles: LEAVES,
        change: |tbs, _| tbs.put(BASIC, true, tlv(0x30, [2, 1, 0])),
        why: "",
    },
    Named {
        name: "explicit FALSE",
        roles: LEAVES,
        change: |tbs, _| tbs.put(BASIC, true, tlv(0x30, [1, 1, 0])),
        why: "it is not DER (X.690 11.5); `openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "no subject key identifier",
        roles: ALL,
        change: |tbs, _| tbs.remove(SKI),
        why: "OpenSSL asks it of CAs below a root alone",
    },
    Named {
        name: "subject key identifier critical",
        roles: ALL,
        change: |tbs, _| tbs.flip(SKI),
        why: "",
    },
    Named {
        name: "no authority key identifier",
        roles: BELOW,
        change: |tbs, _| tbs.remove(AKI),
        why: "",
    },
    Named {
        name: "authority key identifier critical",
        roles: BELOW,
        change: |tbs, _| tbs.flip(AKI),
        why: "",
    },
    Named {
        name: "authority key identifier empty",
        roles: BELOW,
        change: |tbs, _| tbs.put(AKI, false, tlv(0x30, [])),
        why: "",
    },
    Named {
        name: "DNS name with a blank or an empty label",
        roles: TLS,
        change: |tbs, random| {
            let name = *random.one_of(&[
                "a b.example.org",
                "a.b .example.org",
                "-a.example.org",
                "a..example.org",
            ]);
            tbs.put(SAN, false, tlv(0x30, tlv(0x82, name)));
        },
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "DNS name empty",
        roles: TLS,
        change: |tbs, _| tbs.put(SAN, false, tlv(0x30, tlv(0x82, ""))),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "DNS name that ends in a number",
        roles: TLS,
        change: |tbs, random| {
            let name = *random.one_of(&["10.0.0.1", "10.0.0.300"]);
            tbs.put(SAN, false, tlv(0x30, tlv(0x82, name)));
        },
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "email address with two hosts or a blank",
        roles: TLS,
        change: |tbs, random| {
            let name = *random.one_of(&["a@b@example.org", "a b@example.org"]);
            tbs.put(SAN, false, tlv(0x30, tlv(0x81, name)));
        },
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "URI with a blank, a user or a broken encoding",
        roles: TLS,
        change: |tbs, random| {
            let name = *random.one_of(&[
                "https://a b/",
                "https://user@a.example.org/",
                "https://a.example.org/%zz",
            ]);
            tbs.put(SAN, false, tlv(0x30, tlv(0x86, name)));
        },
        why: "RFC 3986 2 and 3: two readers take it for different ones; pkilint lets users and broken encodings pass, and `openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "email address without a host",
        roles: TLS,
        change: |tbs, _| tbs.put(SAN, false, tlv(0x30, tlv(0x81, "alice"))),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "URI without a scheme",
        roles: TLS,
        change: |tbs, _| tbs.put(SAN, false, tlv(0x30, tlv(0x86, "/a/b"))),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "IP address of 5 octets",
        roles: TLS,
        change: |tbs, _| tbs.put(SAN, false, tlv(0x30, tlv(0x87, [10, 0, 0, 0, 1]))),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "no alternative name in the list",
        roles: TLS,
        change: |tbs, _| tbs.put(SAN, false, tlv(0x30, [])),
        why: "",
    },
    Named {
        name: "alternative names critical beside a subject",
        roles: TLS,
        change: |tbs, _| tbs.flip(SAN),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "server without a DNS name or address",
        roles: &[Server],
        change: |tbs, _| tbs.put(SAN, false, tlv(0x30, tlv(0x81, "a@example.org"))),
        why: "RFC 9525: nobody can reach it by a name; pkilint does not look at purposes",
    },
    Named {
        name: "name constraints not critical",
        roles: &[Issuing],
        change: |tbs, _| tbs.put(NAME_CONSTRAINTS, false, permitted(0x82, b"example.org")),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "name constraints empty",
        roles: &[Issuing],
        change: |tbs, _| tbs.put(NAME_CONSTRAINTS, true, tlv(0x30, [])),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "name constraints in a leaf",
        roles: LEAVES,
        change: |tbs, _| tbs.put(NAME_CONSTRAINTS, true, permitted(0x82, b"example.org")),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "name constraint with a leading dot",
        roles: &[Issuing],
        change: |tbs, _| tbs.put(NAME_CONSTRAINTS, true, permitted(0x82, b".example.org")),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "CRL distribution points critical",
        roles: BELOW,
        change: |tbs, _| tbs.put(CRL_POINTS, true, points("http://ca.example/a.crl")),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "CRL over https alone",
        roles: BELOW,
        change: |tbs, _| tbs.put(CRL_POINTS, false, points("https://ca.example/a.crl")),
        why: "the certificate of that server would have to be checked first; RFC 5280, by which pkilint judges, allows it",
    },
    Named {
        name: "freshest CRL critical",
        roles: BELOW,
        change: |tbs, _| tbs.put(&[0x55, 0x1d, 0x2e], true, points("http://ca.example/a.crl")),
        why: "RFC 5280 4.2.1.15; pkilint does not look at that extension",
    },
    Named {
        name: "authority information access critical",
        roles: BELOW,
        change: |tbs, _| tbs.put(AIA, true, ocsp("http://ca.example/")),
        why: "",
    },
    Named {
        name: "authority information access empty",
        roles: BELOW,
        change: |tbs, _| tbs.put(AIA, false, tlv(0x30, [])),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "noRevAvail beside a CRL",
        roles: LEAVES,
        change: |tbs, _| {
            tbs.put(NO_REV_AVAIL, false, [5, 0]);
            tbs.put(CRL_POINTS, false, points("http://ca.example/a.crl"));
        },
        why: "RFC 9608 is newer than the others' rules",
    },
    Named {
        name: "noRevAvail in a CA",
        roles: CAS,
        change: |tbs, _| tbs.put(NO_REV_AVAIL, false, [5, 0]),
        why: "RFC 9608 is newer than the others' rules",
    },
    Named {
        name: "noRevAvail critical",
        roles: LEAVES,
        change: |tbs, _| tbs.put(NO_REV_AVAIL, true, [5, 0]),
        why: "RFC 9608 is newer than pkilint's rules; OpenSSL does not know the extension",
    },
    Named {
        name: "ocsp-nocheck in a TLS certificate",
        roles: TLS,
        change: |tbs, _| tbs.put(NO_CHECK, false, [5, 0]),
        why: "RFC 6960 4.2.2.2.1 has it for responders; pkilint does not look at purposes",
    },
    Named {
        name: "ocsp-nocheck that is not NULL",
        roles: &[Responder],
        change: |tbs, _| tbs.put(NO_CHECK, false, [4, 0]),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "an extension twice",
        roles: ALL,
        change: |tbs, _| {
            let again = tbs.extensions[0].clone();
            tbs.extensions.push(again);
        },
        why: "",
    },
    Named {
        name: "an unknown extension, critical",
        roles: ALL,
        change: |tbs, _| tbs.put(&[0x2a, 3, 4], true, [5, 0]),
        why: "RFC 5280 4.2 allows it to whoever knows all readers; pkilint does not know the readers",
    },
    Named {
        name: "no extensions at all",
        roles: ALL,
        change: |tbs, _| tbs.extensions.clear(),
        why: "OpenSSL looks at the extensions of a trust anchor less closely",
    },
];
