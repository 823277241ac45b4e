//! Names that applications print, log and compare.

use const_oid::db::rfc4519::{
    COMMON_NAME, COUNTRY_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME,
};
use der::Tag;

use crate::case::Case;
use crate::extension::{flipped, san};
use crate::name::{
    common_name, directory, dns, email, ip, member, name, nobody, typed_common_name, uri,
};
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [subjects(w), alternatives(w)].concat()
}

fn subjects(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 4.1.2.6";
    let strings = "RFC 5280 4.1.2.4";
    let leaf = |case, subject: Vec<u8>| w.leaf(case, clause, w.client().named(subject));
    let typed = |case, tag, octets: &[u8]| {
        w.leaf(
            case,
            strings,
            w.client().named(typed_common_name(tag, octets)),
        )
    };
    let cn = |text: &str| common_name(text);
    let spiffe = || san(&[uri("spiffe://example.org/alice")]);
    let multi = name(&[
        &[(ORGANIZATION_NAME, "Example")],
        &[(COMMON_NAME, "alice"), (ORGANIZATIONAL_UNIT_NAME, "People")],
    ]);
    let two = name(&[&[(COMMON_NAME, "alice")], &[(COMMON_NAME, "admin")]]);
    let no_cn = name(&[&[(COUNTRY_NAME, "SE")], &[(ORGANIZATION_NAME, "Example")]]);
    vec![
        leaf("common name", cn("alice")),
        leaf(
            "common name with RFC 4514's special characters",
            cn(" #,+\"\\<>;= "),
        ),
        leaf("common name in many scripts", cn("Åsa Ökänd 山田 Ωμέγα")),
        leaf("common name of 64 characters", cn(&"a".repeat(64))),
        leaf("common name of 256 characters", cn(&"a".repeat(256))),
        leaf("common name of 10,000 characters", cn(&"a".repeat(10_000))).refused("unfit-name"),
        leaf("NUL in the common name", cn("admin\0.example")).refused("malformed"),
        leaf("NUL at the end of the common name", cn("admin\0")).refused("malformed"),
        leaf("CR LF in the common name", cn("alice\r\nX-Admin: yes")).refused("unfit-name"),
        leaf("LF in the common name", cn("alice\nadmin")).refused("unfit-name"),
        leaf("escape in the common name", cn("alice\x1b[2J")).refused("unfit-name"),
        leaf("RDN of two attributes", multi),
        leaf("two common names", two),
        leaf("no common name", no_cn),
        leaf("no name at all", nobody()).refused("no-name"),
        w.leaf(
            "no subject, alternative name critical",
            "RFC 5280 4.2.1.6",
            w.client().named(nobody()).with(flipped(spiffe())),
        ),
        w.leaf(
            "no subject, alternative name not critical",
            "RFC 5280 4.2.1.6",
            w.client().named(nobody()).with(spiffe()),
        ),
        leaf("the root's name", w.root.name.clone()),
        leaf("the issuer's name", w.sub.name.clone()),
        typed("PrintableString", Tag::PrintableString, b"alice"),
        typed("IA5String", Tag::Ia5String, b"alice@example"),
        typed("TeletexString", Tag::TeletexString, b"alice"),
        typed("BMPString", Tag::BmpString, b"\0a\0l\0i\0c\0e"),
        typed("BMPString of odd length", Tag::BmpString, b"\0a\0l\0").refused("malformed"),
        typed("UTF8String that is none", Tag::Utf8String, b"al\xffce").refused("malformed"),
    ]
}

fn alternatives(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 4.2.1.6";
    let leaf = |case, names: &[_]| w.leaf(case, clause, w.client().with(san(names)));
    let critical = flipped(san(&[dns("alice.example")]));
    vec![
        leaf("dNSName", &[dns("alice.example")]),
        leaf("wildcard dNSName", &[dns("*.alice.example")]),
        leaf("rfc822Name", &[email("alice@example.org")]),
        leaf(
            "uniformResourceIdentifier",
            &[uri("spiffe://example.org/alice")],
        ),
        leaf("iPAddress, version 4", &[ip(&[192, 0, 2, 1])]),
        leaf("iPAddress, version 6", &[ip(&[0x20; 16])]),
        leaf("iPAddress of five octets", &[ip(&[192, 0, 2, 1, 0])]).refused("malformed"),
        leaf("directoryName", &[directory(&member("Example", "alice"))]),
        leaf(
            "one of each",
            &[
                dns("a.example"),
                email("a@b.example"),
                uri("urn:a"),
                ip(&[192, 0, 2, 1]),
            ],
        ),
        w.leaf(
            "critical beside a subject",
            clause,
            w.client().with(critical),
        ),
        leaf("no alternative name in the list", &[]).refused("malformed"),
        leaf("NUL in a dNSName", &[dns("admin\0.example")]).refused("malformed"),
        leaf(
            "NUL in a uniformResourceIdentifier",
            &[uri("spiffe://a\0.example/b")],
        )
        .refused("malformed"),
        leaf("CR LF in an rfc822Name", &[email("a@b\r\nX-Admin: yes")]).refused("malformed"),
        // They name nobody, and nobody is asked for: OpenSSL, Go and BoringSSL pass over them, and so
        // do we, as long as no rule and no name constraint asks.
        leaf("dNSName beyond ASCII", &[dns("ålice.example")]),
        leaf("empty dNSName", &[dns("")]),
    ]
}
