//! The trust anchor is checked, too.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_CE_BASIC_CONSTRAINTS, ID_CE_KEY_USAGE, ID_CE_SUBJECT_KEY_IDENTIFIER,
    ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH,
};
use time::Duration;
use x509_cert::ext::pkix::KeyUsages;

use crate::authority::Authority;
use crate::case::Case;
use crate::certificate::{CertificateBuilder, forged};
use crate::extension::{basic, ca, eku, flipped, key_usage};
use crate::key::Key;
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    let dates = "RFC 5280 6.1.3 (a)(2), of the anchor";
    let constraints = "RFC 5280 6.1.4 (k) to (m), of the anchor";
    let usage = "RFC 5280 6.1.4 (n), of the anchor";
    let root = |builder: CertificateBuilder| Authority::root(builder, Key::p256());
    let case = |name, clause, builder: CertificateBuilder| w.of_root(name, clause, &root(builder));
    let (second, day) = (Duration::SECOND, Duration::DAY);
    let dated = |name, from, to| case(name, dates, w.ca("Root").valid(from, to));
    let purpose = |name, purposes: &[ObjectIdentifier]| {
        case(
            name,
            "RFC 5280 4.2.1.12, of the anchor",
            w.ca("Root").with(eku(purposes)),
        )
    };
    let above_ca = |name, len| {
        let root = root(w.ca("Root").with(ca(len)));
        let sub = root.sub(w.ca("Issuing CA"));
        let leaf = sub.issue(w.client(), &w.key);
        w.case(name, constraints, &[&leaf, &sub.der])
            .trust_anchors([&root.der])
    };
    let spoiled = Authority {
        der: forged(w.root.der.clone()),
        ..w.root.clone()
    };
    let leaf = w.sub.issue(w.client(), &w.key);
    vec![
        dated("root expired a second ago", w.now - day, w.now - second).refused("anchor-expired"),
        dated(
            "root valid for some minutes more",
            w.now - day,
            w.now + second * 600,
        ),
        dated(
            "root valid in ten minutes",
            w.now + second * 600,
            w.now + day,
        )
        .refused("anchor-not-yet-valid"),
        dated("root valid from this second", w.now, w.now + day),
        case(
            "root with CA:FALSE",
            constraints,
            w.ca("Root").with(basic(false, None)),
        )
        .refused("anchor-not-ca"),
        case(
            "root without basicConstraints",
            constraints,
            w.ca("Root").without(ID_CE_BASIC_CONSTRAINTS),
        )
        .refused("anchor-not-ca"),
        case(
            "root with basicConstraints not critical",
            constraints,
            w.ca("Root").with(flipped(ca(None))),
        ),
        case(
            "root of version 1",
            "RFC 5280 6.1.4 (k), of the anchor",
            w.ca("Root").version_1(),
        ),
        case(
            "root of version 2",
            "RFC 5280 6.1.4 (k), of the anchor",
            CertificateBuilder {
                version: Some(1),
                ..w.ca("Root").bare()
            },
        ),
        case(
            "root with unique identifiers",
            "RFC 5280 4.1.2.8, of the anchor",
            w.ca("Root").with_unique_ids(),
        ),
        case(
            "root with pathLen 0, no CA below",
            constraints,
            w.ca("Root").with(ca(Some(0))),
        ),
        above_ca("root with pathLen 0, a CA below", Some(0)).refused("path-length"),
        above_ca("root with pathLen 1, a CA below", Some(1)),
        case(
            "root without keyUsage",
            usage,
            w.ca("Root").without(ID_CE_KEY_USAGE),
        ),
        case(
            "root with keyCertSign",
            usage,
            w.ca("Root").with(key_usage(KeyUsages::KeyCertSign)),
        ),
        case(
            "root with cRLSign alone",
            usage,
            w.ca("Root").with(key_usage(KeyUsages::CRLSign)),
        )
        .refused("key-usage"),
        case(
            "root with digitalSignature alone",
            usage,
            w.ca("Root").with(key_usage(KeyUsages::DigitalSignature)),
        )
        .refused("key-usage"),
        purpose("root for clientAuth", &[ID_KP_CLIENT_AUTH]),
        purpose("root for any purpose", &[ANY_EXTENDED_KEY_USAGE])
            .refused("wrong-extended-key-usage"),
        purpose("root for serverAuth", &[ID_KP_SERVER_AUTH]).refused("wrong-extended-key-usage"),
        case(
            "root without a key identifier",
            "RFC 5280 4.2.1.2",
            w.ca("Root").without(ID_CE_SUBJECT_KEY_IDENTIFIER),
        ),
        w.of_root(
            "root's own signature is spoiled",
            "RFC 5280 6.1.1 (d)",
            &spoiled,
        ),
        w.case(
            "intermediate trusted in place of its root",
            "RFC 5280 6.1.1 (d)",
            &[&leaf, &w.sub.der],
        )
        .trust_anchors([&w.sub.der]),
        w.case(
            "intermediate and root trusted",
            "RFC 5280 6.1.1 (d)",
            &[&leaf, &w.sub.der],
        )
        .trust_anchors([&w.sub.der, &w.root.der]),
    ]
}
