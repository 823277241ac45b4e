//! Who is revoked, and when a CRL is current (RFC 5280 sections 5.1.2 and 5.3).

use time::Duration;

use super::client::{OTHER, SERIAL, client};
use crate::Verdict;
use crate::case::Case;
use crate::crl::CrlBuilder;
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [listed(w), dates(w)].concat()
}

fn listed(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.3.3 (j)";
    let numbers = "RFC 5280 4.1.2.2, 5.1.2.6";
    let revoked = |name, reason| {
        client(
            w,
            name,
            "RFC 5280 5.3.1",
            &[&w.crl().revoking_for(SERIAL, reason)],
        )
        .refused("revoked")
    };
    let numbered = |name, serial: &[u8], listed: &[u8]| {
        let case = w.leaf(name, numbers, w.client().numbered(serial));
        case.crls([&w.crl().by(&w.root), &w.crl().revoking(listed).by(&w.sub)])
    };
    let lower = w.sub.sub(w.ca("Lower CA").numbered(OTHER));
    let leaf = lower.issue(w.client(), &w.key);
    let lower_case = |name, list: CrlBuilder| {
        let (root, own) = (w.crl().by(&w.root), w.crl().by(&lower));
        w.case(name, clause, &[&leaf, &lower.der, &w.sub.der])
            .crls([&root, &list.by(&w.sub), &own])
    };
    let by_root = |name, serial: &[u8]| {
        let leaf = w.root.issue(w.client().numbered(serial), &w.key);
        w.case(name, clause, &[&leaf])
            .crls([&w.crl().revoking(SERIAL).by(&w.root)])
    };
    let many = (0..2000u16).fold(w.crl(), |list, number| {
        list.revoking(&[&[0x30][..], &number.to_be_bytes()].concat())
    });
    vec![
        client(w, "not listed, list of nobody", clause, &[&w.crl()]),
        client(
            w,
            "not listed, others are",
            clause,
            &[&w.crl().revoking(OTHER)],
        ),
        client(w, "listed", clause, &[&w.crl().revoking(SERIAL)]).refused("revoked"),
        client(w, "not listed among 2,000", clause, &[&many]),
        client(
            w,
            "listed behind 2,000",
            clause,
            &[&many.clone().revoking(SERIAL)],
        )
        .refused("revoked"),
        client(
            w,
            "listed twice",
            clause,
            &[&w.crl().revoking(SERIAL).revoking(SERIAL)],
        )
        .refused("revoked"),
        by_root("of the root, listed", SERIAL).refused("revoked"),
        by_root("of the root, not listed", OTHER),
        lower_case("intermediate not listed", w.crl()),
        lower_case("intermediate listed", w.crl().revoking(OTHER)).refused("revoked"),
        revoked("for unspecified reason", 0),
        revoked("for key compromise", 1),
        revoked("for CA compromise", 2),
        revoked("superseded", 4),
        revoked("on hold", 6),
        revoked("for privilege withdrawn", 9),
        revoked("removeFromCRL in a complete list", 8),
        numbered(
            "serial with a leading zero, listed",
            &[0, 0x81, 1],
            &[0, 0x81, 1],
        )
        .refused("revoked"),
        numbered(
            "serial with a leading zero, its negative listed",
            &[0, 0x81, 1],
            &[0x7f, 0x81, 1],
        ),
        numbered("serial of 20 octets, listed", &[0x11; 20], &[0x11; 20]).refused("revoked"),
        numbered("serial of 20 octets, not listed", &[0x11; 20], &[0x11; 19]),
    ]
}

fn dates(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.3.3 (a), (d)";
    let (hour, day) = (Duration::HOUR, Duration::DAY);
    let dated = |name, from, to, serial: &[u8]| {
        client(
            w,
            name,
            clause,
            &[&w.crl()
                .valid(w.now + from, Some(w.now + to))
                .revoking(serial)],
        )
    };
    let root_expired = {
        let list = w.crl().valid(w.now - day * 2, Some(w.now - day));
        w.leaf("root's list expired", clause, w.client())
            .crls([&list.by(&w.root), &w.crl().by(&w.sub)])
            .refused("crl-expired")
    };
    let endless = w.crl().valid(w.now - hour, None);
    let fresh = w.crl().number(2);
    let stale = w.crl().valid(w.now - day * 2, Some(w.now - day));
    vec![
        dated("list current", -hour, day, OTHER),
        dated("list expired a minute ago", -day, -Duration::MINUTE, OTHER).refused("crl-expired"),
        dated("list expired, listed", -day, -hour, SERIAL).refused("revoked"),
        dated("list of tomorrow", day, day * 2, OTHER).refused("crl-not-yet-valid"),
        client(
            w,
            "list without nextUpdate",
            "RFC 5280 5.1.2.5",
            &[&endless],
        )
        .refused(Verdict::UNUSABLE),
        root_expired,
        client(
            w,
            "expired list beside a current one",
            clause,
            &[&stale, &fresh],
        ),
        client(
            w,
            "current list beside an expired one",
            clause,
            &[&fresh, &stale],
        ),
        client(
            w,
            "no list of the issuer",
            "RFC 5280 6.3.3 (undetermined)",
            &[],
        )
        .refused("revocation-unknown"),
        w.leaf(
            "no list of the root",
            "RFC 5280 6.3.3 (undetermined)",
            w.client(),
        )
        .crls([&w.crl().by(&w.sub)])
        .refused("revocation-unknown"),
    ]
}
