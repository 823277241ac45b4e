//! The changes, each of which makes a certificate that somebody should mind, and why the linters differ about it.

use test_pki::der::{content, tlv};

use crate::mutate::{Change, Tbs};
use crate::pki::Role::{self, Client, Issuing, Responder, Root, Server};
use crate::random::Random;

/// A change.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    /// Which certificates it is made to.
    pub(crate) roles: &'static [Role],
    pub(crate) change: Change,
    /// Why the linters do not say the same; empty where they do.
    pub(crate) why: &'static str,
}

const ALL: &[Role] = &Role::ALL;
const CAS: &[Role] = &[Root, Issuing];
const LEAVES: &[Role] = &[Server, Client, Responder];
const BELOW: &[Role] = &[Issuing, Server, Client, Responder];
const TLS: &[Role] = &[Server, Client];

pub(crate) const CHANGES: &[Named] = &[
    Named {
        name: "version 1 with extensions",
        roles: ALL,
        change: |tbs, _| tbs.fields[0] = vec![],
        why: "OpenSSL looks at the extensions of a trust anchor less closely and takes that of a self-signed one of version 1 for a CA's",
    },
    Named {
        name: "version 2 with extensions",
        roles: ALL,
        change: |tbs, _| tbs.fields[0] = tlv(0xa0, [2, 1, 1]),
        why: "OpenSSL looks at the extensions of a trust anchor less closely",
    },
    Named {
        name: "serial number negative",
        roles: ALL,
        change: |tbs, random| tbs.fields[1] = serial(0x80, random),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "serial number zero",
        roles: ALL,
        change: |tbs, _| tbs.fields[1] = vec![2, 1, 0],
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "serial number of 21 octets",
        roles: ALL,
        change: |tbs, random| {
            tbs.fields[1] = tlv(2, [&[0x41][..], &random.bytes::<20>()].concat());
        },
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "serial number of 2 octets",
        roles: ALL,
        change: |tbs, random| {
            tbs.fields[1] = tlv(2, [0x41, random.bytes::<1>()[0]]);
        },
        why: "CABF BR 7.1: 64 random bits, so that nobody can prepare for a certificate; RFC 5280, by which pkilint judges, allows it",
    },
    Named {
        name: "issuer without a name",
        roles: BELOW,
        change: |tbs, _| tbs.fields[3] = tlv(0x30, []),
        why: "",
    },
    Named {
        name: "notAfter before notBefore",
        roles: ALL,
        change: |tbs, _| validity(tbs, 0x17, "270101000000Z", 0x17, "260101000000Z"),
        why: "",
    },
    Named {
        name: "GeneralizedTime before 2050",
        roles: ALL,
        change: |tbs, _| validity(tbs, 0x17, "260101000000Z", 0x18, "20270101000000Z"),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "a date without seconds",
        roles: ALL,
        change: |tbs, _| validity(tbs, 0x17, "2601010000Z", 0x17, "270101000000Z"),
        why: "",
    },
    Named {
        name: "a date of another zone",
        roles: ALL,
        change: |tbs, _| validity(tbs, 0x17, "260101000000Z", 0x17, "270101000000+0100"),
        why: "",
    },
    Named {
        name: "ten years of a leaf",
        roles: TLS,
        change: |tbs, _| validity(tbs, 0x17, "260101000000Z", 0x17, "360101000000Z"),
        why: "Apple's systems refuse servers of more than 825 days; RFC 5280, by which pkilint judges, allows it",
    },
    Named {
        name: "no subject",
        roles: CAS,
        change: |tbs, _| tbs.fields[5] = tlv(0x30, []),
        why: "RFC 5280 4.1.2.6: a CA has a name; of a root pkilint compares issuer and subject alone",
    },
    Named {
        name: "no subject, alternative names not critical",
        roles: TLS,
        change: |tbs, _| tbs.fields[5] = tlv(0x30, []),
        why: "",
    },
    Named {
        name: "neither subject nor alternative names",
        roles: LEAVES,
        change: |tbs, _| {
            tbs.fields[5] = tlv(0x30, []);
            tbs.remove(SAN);
        },
        why: "RFC 5280 4.1.2.6; pkilint looks at the alternative names where there are some",
    },
    Named {
        name: "common name of more than 64 characters",
        roles: BELOW,
        change: |tbs, random| {
            tbs.fields[5] = attribute(&[0x55, 4, 3], 0x0c, &vec![b'a'; 65 + random.below(50)]);
        },
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "common name with characters that its type lacks",
        roles: BELOW,
        change: |tbs, _| tbs.fields[5] = attribute(&[0x55, 4, 3], 0x13, b"a@example"),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "common name as TeletexString",
        roles: BELOW,
        change: |tbs, _| tbs.fields[5] = attribute(&[0x55, 4, 3], 0x14, b"client"),
        why: "RFC 5280 4.1.2.4 wants UTF8String or PrintableString in new certificates; pkilint cannot tell new from old",
    },
    Named {
        name: "common name empty",
        roles: BELOW,
        change: |tbs, _| tbs.fields[5] = attribute(&[0x55, 4, 3], 0x0c, b""),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "country of three letters",
        roles: BELOW,
        change: |tbs, _| tbs.fields[5] = attribute(&[0x55, 4, 6], 0x13, b"DEU"),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "country as UTF8String",
        roles: BELOW,
        change: |tbs, _| tbs.fields[5] = attribute(&[0x55, 4, 6], 0x0c, b"DE"),
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "signature algorithm with a NULL that it lacks",
        roles: ALL,
        change: |tbs, _| {
            tbs.fields[2] = tlv(0x30, [content(&tbs.fields[2]), &[5, 0]].concat());
        },
        why: "`openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "EC key that is no point",
        roles: BELOW,
        change: |tbs, _| {
            ec_key(tbs, |point| {
                if let Some(last) = point.last_mut() {
                    *last ^= 1;
                }
            })
        },
        why: "pkilint does not look at points; OpenSSL cannot load the key",
    },
    Named {
        name: "EC key compressed",
        roles: BELOW,
        change: |tbs, _| {
            ec_key(tbs, |point| {
                let parity = point.last().copied().unwrap_or_default() & 1;
                point.truncate(33);
                point[0] = 2 + parity;
            })
        },
        why: "RFC 5480 2.2 lets readers refuse compressed points, and many do; pkilint and OpenSSL read them",
    },
    Named {
        name: "RSA exponent 3",
        roles: BELOW,
        change: |tbs, _| rsa_key(tbs, &[0xc5; 256], &[3]),
        why: "CABF BR 6.1.6; RFC 5280, by which pkilint judges, allows it",
    },
    Named {
        name: "RSA of 1024 bits",
        roles: BELOW,
        change: |tbs, _| rsa_key(tbs, &[0xc5; 128], &[1, 0, 1]),
        why: "NIST SP 800-57; RFC 5280 has no sizes, and OpenSSL goes by its security level, which is for TLS",
    },
    Named {
        name: "RSA modulus divisible by 3",
        roles: BELOW,
        change: |tbs, _| rsa_key(tbs, &[0xff; 256], &[1, 0, 1]),
        why: "CABF BR 6.1.6; nobody else looks",
    },
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
        name: "DNS name with a blank or underscore",
        roles: TLS,
        change: |tbs, random| {
            let name = *random.one_of(&[
                "a b.example.org",
                "a_b.example.org",
                "-a.example.org",
                "a..example.org",
            ]);
            tbs.put(SAN, false, tlv(0x30, tlv(0x82, name)));
        },
        why: "pkilint lets underscores pass; `openssl verify` looks at what a path needs, which this is not",
    },
    Named {
        name: "DNS name empty",
        roles: TLS,
        change: |tbs, _| tbs.put(SAN, false, tlv(0x30, tlv(0x82, ""))),
        why: "`openssl verify` looks at what a path needs, which this is not",
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

fn serial(first: u8, random: &mut Random) -> Vec<u8> {
    let mut bytes = random.bytes::<16>();
    bytes[0] |= first;
    tlv(2, bytes)
}

fn validity(tbs: &mut Tbs, tag: u8, from: &str, end_tag: u8, to: &str) {
    tbs.fields[4] = tlv(0x30, [tlv(tag, from), tlv(end_tag, to)].concat());
}

/// A Name of one attribute.
fn attribute(oid: &[u8], tag: u8, text: &[u8]) -> Vec<u8> {
    let attribute = [tlv(6, oid), tlv(tag, text)].concat();
    tlv(0x30, tlv(0x31, tlv(0x30, attribute)))
}

/// A P-256 key (the base point), its encoded point changed.
fn ec_key(tbs: &mut Tbs, change: impl FnOnce(&mut Vec<u8>)) {
    const BASE: [u8; 64] = [
        0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40,
        0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98,
        0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c,
        0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68,
        0x37, 0xbf, 0x51, 0xf5,
    ];
    let mut point = [&[4][..], &BASE].concat();
    change(&mut point);
    let algorithm = [
        tlv(6, [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]),
        tlv(6, [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
    ];
    key(tbs, &algorithm.concat(), &point);
}

fn rsa_key(tbs: &mut Tbs, modulus: &[u8], exponent: &[u8]) {
    let numbers = [tlv(2, [&[0][..], modulus].concat()), tlv(2, exponent)];
    let algorithm = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 1, 1, 5, 0];
    key(tbs, &algorithm, &tlv(0x30, numbers.concat()));
}

fn key(tbs: &mut Tbs, algorithm: &[u8], bits: &[u8]) {
    let bits = tlv(3, [&[0][..], bits].concat());
    tbs.fields[6] = tlv(0x30, [tlv(0x30, algorithm), bits].concat());
}

fn permitted(tag: u8, base: &[u8]) -> Vec<u8> {
    tlv(0x30, tlv(0xa0, tlv(0x30, tlv(tag, base))))
}

fn points(url: &str) -> Vec<u8> {
    tlv(0x30, tlv(0x30, tlv(0xa0, tlv(0xa0, tlv(0x86, url)))))
}

fn ocsp(url: &str) -> Vec<u8> {
    let method = tlv(6, [0x2b, 6, 1, 5, 5, 7, 0x30, 1]);
    tlv(0x30, tlv(0x30, [method, tlv(0x86, url)].concat()))
}

const SAN: &[u8] = &[0x55, 0x1d, 0x11];
const EKU: &[u8] = &[0x55, 0x1d, 0x25];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const BASIC: &[u8] = &[0x55, 0x1d, 0x13];
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
const SKI: &[u8] = &[0x55, 0x1d, 0x0e];
const AKI: &[u8] = &[0x55, 0x1d, 0x23];
const CRL_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
const NO_REV_AVAIL: &[u8] = &[0x55, 0x1d, 0x38];
const AIA: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
const NO_CHECK: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 5];
const PURPOSE_SERVER: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
const PURPOSE_CLIENT: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
const PURPOSE_OCSP: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 9];
