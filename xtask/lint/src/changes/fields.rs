//! Changes of the plain fields and the key.

use test_pki::der::{content, tlv};

use super::named::{ALL, BELOW, CAS, LEAVES, Named, TLS};
use super::parts::{SAN, attribute, ec_key, rsa_key, serial, validity};

pub(super) const CHANGES: &[Named] = &[
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
        name: "common name with a character that nobody sees, or a space at its end",
        roles: BELOW,
        change: |tbs, random| {
            let name = *random.one_of(&["ad\u{200b}min", "a\u{202e}gro.elpmaxe", "admin "]);
            tbs.fields[5] = attribute(&[0x55, 4, 3], 0x0c, name.as_bytes());
        },
        why: "RFC 4518 2.2 and 2.6.1: it looks like another name, or is one to some readers; nobody else looks",
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
];
