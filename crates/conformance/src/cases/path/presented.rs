//! What clients present, and which path is chosen among several.

use std::sync::Arc;

use time::Duration;

use crate::authority::Authority;
use crate::case::Case;
use crate::key::Key;
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [presented(w), several(w)].concat()
}

/// What clients send besides.
fn presented(w: &World) -> Vec<Case> {
    let clause = "RFC 8446 4.4.2";
    let lower = w.sub.sub(w.ca("Lower CA"));
    let leaf = lower.issue(w.client(), &w.key);
    let (sub, root) = (&w.sub.der, &w.root.der);
    let other = Authority::root(w.ca("Another root"), Key::p256());
    let other_sub = other.sub(w.ca("Another CA"));
    let namesake = other.sub(w.ca("Lower CA"));
    let old = w.sub.sub_with(
        w.ca("Lower CA")
            .valid(w.now - Duration::days(9), w.now - Duration::days(1)),
        Arc::clone(&lower.key),
    );
    let broken = lower.der[..lower.der.len() - 9].to_vec();
    let case = |name, rest: &[&[u8]]| w.case(name, clause, &[&[&leaf[..]], rest].concat());
    vec![
        case("in order", &[&lower.der, sub]),
        case("out of order", &[sub, &lower.der]),
        case("root appended", &[&lower.der, sub, root]),
        case("root first of the rest", &[root, &lower.der, sub]),
        case("each twice", &[&lower.der, &lower.der, sub, sub]),
        case("leaf repeated", &[&leaf, &lower.der, sub]),
        case(
            "unrelated certificates between",
            &[&other_sub.der, &lower.der, &other.der, sub],
        ),
        case(
            "a CA of the same name and another key first",
            &[&namesake.der, &lower.der, sub],
        ),
        case(
            "the issuer's expired certificate first",
            &[&old.der, &lower.der, sub],
        ),
        case(
            "the issuer's expired certificate last",
            &[&lower.der, sub, &old.der],
        ),
        case("the issuer's expired certificate alone", &[&old.der, sub]).refused("expired"),
        case("nearest intermediate missing", &[sub]).refused("unknown-issuer"),
        case("upper intermediate missing", &[&lower.der]).refused("unknown-issuer"),
        case("leaf alone", &[]).refused("unknown-issuer"),
        case(
            "upper intermediate missing, root appended",
            &[&lower.der, root],
        )
        .refused("unknown-issuer"),
        case("intermediate cut off", &[&broken, sub]).refused("malformed"),
        case("something cut off behind", &[&lower.der, sub, &broken]).refused("malformed"),
        case("no certificate behind", &[&lower.der, sub, b"certificate"]).refused("malformed"),
        w.case(
            "intermediate trusted, leaf alone",
            "RFC 5280 6.1.1 (d)",
            &[&leaf],
        )
        .trust_anchors([&lower.der]),
        w.case(
            "CA first, leaf behind it",
            clause,
            &[&lower.der, &leaf, sub],
        )
        .refused("ca-as-leaf"),
        w.case(
            "leaf cut off",
            clause,
            &[&leaf[..leaf.len() - 9], &lower.der, sub],
        )
        .refused("malformed"),
    ]
}

/// Several trust anchors of one name, cross-signing, key roll-over.
fn several(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.1 (any path will do)";
    let newer = Authority::root(w.ca("Root"), Key::p256());
    let other = Authority::root(w.ca("Another root"), Key::p256());
    let expired = |days| {
        w.ca("Root")
            .valid(w.now - Duration::days(days), w.now - Duration::DAY)
    };
    let renewed = Authority::root_with(w.ca("Root"), Arc::clone(&w.root.key));
    let old = Authority::root_with(expired(9), Arc::clone(&w.root.key));
    let cross = other.sub_with(w.ca("Root"), Arc::clone(&newer.key));
    let crossed_sub = other.sub_with(w.ca("Issuing CA"), Arc::clone(&w.sub.key));
    let new_with_old = w.root.sub_with(w.ca("Root"), Arc::clone(&newer.key));
    let leaf = w.sub.issue(w.client(), &w.key);
    let by_newer = newer.issue(w.client(), &w.key);
    let shown = |name, chain: &[&[u8]]| w.case(name, clause, chain);
    vec![
        w.of_root(
            "two roots of one name, the first one's client",
            clause,
            &w.root,
        )
        .trust_anchors([&w.root.der, &newer.der]),
        w.of_root(
            "two roots of one name, the second one's client",
            clause,
            &newer,
        )
        .trust_anchors([&w.root.der, &newer.der]),
        w.of_root("root renewed with its key, old one first", clause, &renewed)
            .trust_anchors([&old.der, &renewed.der]),
        w.of_root("root renewed with its key, old one last", clause, &renewed)
            .trust_anchors([&renewed.der, &old.der]),
        w.of_root("root renewed with its key, old one alone", clause, &renewed)
            .trust_anchors([&old.der])
            .refused("anchor-expired"),
        w.of_root("one root given twice", clause, &w.root)
            .trust_anchors([&w.root.der, &w.root.der]),
        w.of_root("one root of many", clause, &w.root)
            .trust_anchors([&other.der, &newer.der, &w.sub.der, &w.root.der]),
        shown(
            "cross-signed root, only the other trusted",
            &[&by_newer, &cross.der],
        )
        .trust_anchors([&other.der]),
        shown("cross-signed root, both trusted", &[&by_newer, &cross.der])
            .trust_anchors([&newer.der, &other.der]),
        shown("cross-signed root, none trusted", &[&by_newer, &cross.der])
            .refused("unknown-issuer"),
        shown(
            "cross-signed CA, foreign path first",
            &[&leaf, &crossed_sub.der, &w.sub.der],
        ),
        shown(
            "cross-signed CA, foreign path last",
            &[&leaf, &w.sub.der, &crossed_sub.der],
        ),
        shown(
            "cross-signed CA, other root trusted",
            &[&leaf, &w.sub.der, &crossed_sub.der],
        )
        .trust_anchors([&other.der]),
        shown(
            "new key of the root signed with the old one",
            &[&by_newer, &new_with_old.der],
        ),
        shown("new key of the root without that signature", &[&by_newer]).refused("unknown-issuer"),
    ]
}
