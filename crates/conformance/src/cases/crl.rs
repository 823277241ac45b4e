//! Who is revoked, and which CRLs count (RFC 5280 sections 5 and 6.3).

use std::sync::Arc;

use const_oid::db::rfc5280::{
    ID_CE_CERTIFICATE_ISSUER, ID_CE_CRL_NUMBER, ID_CE_CRL_REASONS, ID_CE_KEY_USAGE,
};
use time::Duration;
use x509_cert::ext::pkix::KeyUsages;

use crate::Verdict;
use crate::authority::Authority;
use crate::case::Case;
use crate::certificate::forged;
use crate::crl::{CrlBuilder, reason};
use crate::extension::{authority_key_id, extension, flipped, key_usage, unknown};
use crate::key::{Hash, Key};
use crate::name::directory;
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [listed(w), dates(w), signers(w), shapes(w), order(w)].concat()
}

/// A client of the issuing CA with this serial number, and these CRLs of the issuing CA.
fn client(w: &World, name: &'static str, clause: &'static str, lists: &[&CrlBuilder]) -> Case {
    let mut case = w.leaf(name, clause, w.client().numbered(SERIAL));
    case.crls = vec![w.crl().by(&w.root)];
    case.crls.extend(lists.iter().map(|list| list.by(&w.sub)));
    case
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

fn signers(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.3.3 (f), (g)";
    let rsa = w.root.sub_with(w.ca("RSA CA"), Arc::new(Key::rsa_2048()));
    let namesake = Authority::root(w.ca("Issuing CA"), Key::p256());
    let base = w.crl().by(&w.root);
    let numbered_root = Authority::root(w.ca("Root").numbered(OTHER), Key::p256());
    let leaf = w.sub.issue(w.client().numbered(SERIAL), &w.key);
    let with = |name, lists: &[Vec<u8>]| {
        let mut case = w.case(name, clause, &[&leaf, &w.sub.der]);
        case.crls = [std::slice::from_ref(&base), lists].concat();
        case
    };
    let of = |name, ca: &Authority, list: &CrlBuilder| {
        w.below(name, clause, ca).crls([&base, &list.by(ca)])
    };
    let usage = |bits| w.root.sub(w.ca("Odd CA").with(key_usage(bits)));
    let silent = w.root.sub(w.ca("Odd CA").without(ID_CE_KEY_USAGE));
    let sha_1 = w.crl().by(&rsa.clone().hashing_with(Hash::Sha1));
    let good = w.crl().by(&w.sub);
    let (wrong, revoking) = (w.crl().by(&namesake), w.crl().revoking(SERIAL));
    let crafted = revoking.clone().number(9).by(&namesake);
    vec![
        with("signature forged", &[forged(good.clone())]).refused("crl-bad-signature"),
        with(
            "signed by a CA of the same name",
            std::slice::from_ref(&wrong),
        )
        .refused("crl-bad-signature"),
        with(
            "signed by the root",
            &[w.crl().by_key(&w.sub.name, &w.root.key, Hash::Sha256)],
        )
        .refused("crl-bad-signature"),
        with(
            "list of a CA of the same name beside, revoking",
            &[crafted.clone(), good.clone()],
        ),
        with(
            "list of a CA of the same name behind, revoking",
            &[good.clone(), crafted],
        ),
        with(
            "list of a CA of the same name beside, newer",
            &[w.crl().number(9).by(&namesake), revoking.by(&w.sub)],
        )
        .refused("revoked"),
        of(
            "signer without cRLSign",
            &usage(KeyUsages::KeyCertSign.into()),
            &w.crl(),
        )
        .refused("key-usage"),
        of(
            "signer with cRLSign",
            &usage(KeyUsages::KeyCertSign | KeyUsages::CRLSign),
            &w.crl(),
        ),
        of("signer without keyUsage", &silent, &w.crl()),
        of(
            "list names another key of its issuer",
            &w.sub,
            &w.crl().with(authority_key_id(&w.root.key.id())),
        )
        .refused("crl-bad-signature"),
        of("list names no key", &w.sub, &w.crl().naming_no_key()),
        w.of_root("root not on its own list", clause, &w.root)
            .crls([&base]),
        w.of_root("root on its own list", clause, &numbered_root)
            .crls([&w.crl().revoking(OTHER).by(&numbered_root)])
            .refused("revoked"),
        of("signed with RSA and SHA-256", &rsa, &w.crl()),
        w.below("signed with RSA and SHA-1", clause, &rsa)
            .crls([&base, &sha_1])
            .refused("crl-bad-signature"),
        two_roots(
            w,
            "two roots of one name, each with its list",
            clause,
            OTHER,
        ),
        two_roots(
            w,
            "two roots of one name, listed by its own",
            clause,
            SERIAL,
        )
        .refused("revoked"),
        other_root_lists(w, clause),
    ]
}

fn two_roots(w: &World, name: &'static str, clause: &'static str, listed: &[u8]) -> Case {
    let other = Authority::root(w.ca("Root"), Key::p256());
    let leaf = other.issue(w.client().numbered(SERIAL), &w.key);
    let (first, second) = (w.crl().by(&w.root), w.crl().revoking(listed).by(&other));
    w.case(name, clause, &[&leaf])
        .trust_anchors([&w.root.der, &other.der])
        .crls([&first, &second])
}

fn other_root_lists(w: &World, clause: &'static str) -> Case {
    let other = Authority::root(w.ca("Root"), Key::p256());
    let leaf = other.issue(w.client().numbered(SERIAL), &w.key);
    let (first, second) = (w.crl().revoking(SERIAL).by(&w.root), w.crl().by(&other));
    w.case(
        "two roots of one name, listed by the other",
        clause,
        &[&leaf],
    )
    .trust_anchors([&w.root.der, &other.der])
    .crls([&first, &second])
}

fn shapes(w: &World) -> Vec<Case> {
    let extensions = "RFC 5280 5.2, 5.3";
    let list = |name, clause, list: CrlBuilder| client(w, name, clause, &[&list]);
    let entry = |serial, says| w.crl().revoking_with(serial, Some(says));
    let issuer = vec![directory(&w.root.name)];
    let issuer = extension(ID_CE_CERTIFICATE_ISSUER, true, &issuer);
    let unusable = Verdict::UNUSABLE;
    vec![
        list(
            "version 1, not listed",
            "RFC 5280 5.1.2.1",
            w.crl().version_1().revoking(OTHER),
        ),
        list(
            "version 1, listed",
            "RFC 5280 5.1.2.1",
            w.crl().version_1().revoking(SERIAL),
        )
        .refused("revoked"),
        list(
            "empty revokedCertificates",
            "RFC 5280 5.1.2.6",
            w.crl().empty_sequence(),
        ),
        list(
            "no cRLNumber",
            "RFC 5280 5.2.3",
            w.crl().without(ID_CE_CRL_NUMBER),
        ),
        list(
            "no cRLNumber, listed",
            "RFC 5280 5.2.3",
            w.crl().without(ID_CE_CRL_NUMBER).revoking(SERIAL),
        )
        .refused("revoked"),
        list(
            "unknown extension",
            extensions,
            w.crl().with(unknown(false)),
        ),
        list(
            "unknown critical extension",
            extensions,
            w.crl().with(unknown(true)),
        )
        .refused(unusable),
        list(
            "unknown entry extension",
            extensions,
            entry(OTHER, unknown(false)),
        ),
        list(
            "unknown entry extension, listed",
            extensions,
            entry(SERIAL, unknown(false)),
        )
        .refused("revoked"),
        list(
            "unknown critical entry extension",
            extensions,
            entry(OTHER, unknown(true)),
        )
        .refused(unusable),
        list(
            "entry of another issuer",
            "RFC 5280 5.3.3",
            entry(OTHER, issuer.clone()),
        )
        .refused(unusable),
        list(
            "entry of another issuer, not critical",
            "RFC 5280 5.3.3",
            entry(OTHER, flipped(issuer)),
        )
        .refused(unusable),
        list("cRLNumber critical", "RFC 5280 5.2.3", {
            w.crl().with(extension(ID_CE_CRL_NUMBER, true, &1u8))
        })
        .refused(unusable),
        list(
            "reason of an entry critical",
            "RFC 5280 5.3.1",
            entry(OTHER, extension(ID_CE_CRL_REASONS, true, &reason(1))),
        )
        .refused(unusable),
        list(
            "reason that is not assigned, another's",
            "RFC 5280 5.3.1",
            w.crl().revoking_for(OTHER, 7),
        ),
        list(
            "reason that is not assigned",
            "RFC 5280 5.3.1",
            w.crl().revoking_for(SERIAL, 7),
        )
        .refused("revoked"),
    ]
}

/// The highest number counts, wherever it stands.
fn order(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 5.2.3";
    let clear = |number| w.crl().number(number);
    let listing = |number| w.crl().number(number).revoking(SERIAL);
    let later =
        |list: CrlBuilder| list.valid(w.now - Duration::MINUTE, Some(w.now + Duration::DAY));
    let case =
        |name, first: CrlBuilder, second: CrlBuilder| client(w, name, clause, &[&first, &second]);
    vec![
        case("numbers 1 and 2, revoked in 2", clear(1), listing(2)).refused("revoked"),
        case("numbers 2 and 1, revoked in 2", listing(2), clear(1)).refused("revoked"),
        case("numbers 1 and 2, taken back in 2", listing(1), clear(2)),
        case("numbers 2 and 1, taken back in 2", clear(2), listing(1)),
        case("numbers 2 and 10, revoked in 10", clear(2), listing(10)).refused("revoked"),
        case(
            "numbers 255 and 256, revoked in 256",
            clear(255),
            listing(256),
        )
        .refused("revoked"),
        case(
            "numbers 256 and 255, revoked in 256",
            listing(256),
            clear(255),
        )
        .refused("revoked"),
        case(
            "one number, revoked in the later one",
            clear(1),
            later(listing(1)),
        )
        .refused("revoked"),
        case(
            "one number, revoked in the later one, first",
            later(listing(1)),
            clear(1),
        )
        .refused("revoked"),
        case(
            "higher number with the earlier date, revoked",
            later(clear(1)),
            listing(2),
        )
        .refused("revoked"),
        case("one list twice", clear(1), clear(1)),
        case("revoked in the list of tomorrow", clear(1), {
            listing(2).valid(w.now + Duration::DAY, Some(w.now + Duration::DAY * 2))
        })
        .refused("revoked"),
    ]
}

const SERIAL: &[u8] = &[0x51, 0x00, 0x07];
const OTHER: &[u8] = &[0x51, 0x00, 0x08];
