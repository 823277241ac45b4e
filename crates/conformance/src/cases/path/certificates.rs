//! Each certificate of the path: signature, validity, names (RFC 5280 section 6.1.3).

use const_oid::db::rfc4519::COMMON_NAME;
use const_oid::db::rfc5280::{ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_SUBJECT_KEY_IDENTIFIER};
use der::Tag;
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::authority::Authority;
use crate::case::Case;
use crate::certificate::forged;
use crate::extension::{authority_key_id, flipped, subject_key_id};
use crate::key::Key;
use crate::name::{common_name, name, nobody, typed_common_name};
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [signatures(w), validity(w), names(w)].concat()
}

/// 6.1.3 (a)(1)
fn signatures(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.1.3 (a)(1)";
    let good = w.sub.issue(w.client(), &w.key);
    let stranger = Authority::root(w.ca("Root"), Key::p256());
    let other = Authority::root(w.ca("Another root"), Key::p256());
    let imposter = stranger.sub(w.ca("Issuing CA"));
    let own = w.client().sign_itself(&w.key);
    vec![
        w.case("leaf and intermediate", clause, &[&good, &w.sub.der]),
        w.case(
            "leaf's signature forged",
            clause,
            &[&forged(good.clone()), &w.sub.der],
        )
        .refused("bad-signature"),
        w.case(
            "intermediate's signature forged",
            clause,
            &[&good, &forged(w.sub.der.clone())],
        )
        .refused("bad-signature"),
        w.case("self-signed leaf", clause, &[&own])
            .refused("self-signed"),
        w.of_root("leaf of the root", clause, &w.root),
        w.of_root("root of the same name and another key", clause, &stranger)
            .trust_anchors([&w.root.der])
            .refused("unknown-issuer"),
        w.below("intermediate of a root of the same name", clause, &imposter)
            .refused("unknown-issuer"),
        w.of_root("root that is not trusted, shown", clause, &other)
            .trust_anchors([&w.root.der])
            .refused("unknown-issuer"),
        w.case(
            "self-signed leaf, trusted as a root",
            "RFC 5280 6.1.1 (d)",
            &[&own],
        )
        .trust_anchors([&own]),
    ]
}

/// 6.1.3 (a)(2)
fn validity(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.1.3 (a)(2)";
    let (second, day) = (Duration::SECOND, Duration::DAY);
    let leaf = |name, from: OffsetDateTime, to: OffsetDateTime| {
        w.leaf(name, clause, w.client().valid(from, to))
    };
    let sub = |name, from: OffsetDateTime, to: OffsetDateTime| {
        let sub = w.root.sub(w.ca("Dated CA").valid(from, to));
        w.below(name, clause, &sub)
    };
    let far = datetime!(9999-12-31 23:59:59 UTC);
    vec![
        leaf("leaf expired a second ago", w.now - day, w.now - second).refused("expired"),
        leaf(
            "leaf expired a year ago",
            w.now - day * 400,
            w.now - day * 365,
        )
        .refused("expired"),
        leaf(
            "leaf valid for some minutes more",
            w.now - day,
            w.now + second * 600,
        ),
        leaf("leaf valid from this second", w.now, w.now + day),
        leaf(
            "leaf valid in ten minutes",
            w.now + second * 600,
            w.now + day,
        )
        .refused("not-yet-valid"),
        leaf("leaf valid next year", w.now + day * 365, w.now + day * 400).refused("not-yet-valid"),
        leaf("leaf that ends before it begins", w.now + day, w.now - day).refused("validity"),
        leaf("leaf without a good expiration date", w.now - day, far),
        leaf(
            "leaf until 2049, in UTCTime",
            w.now - day,
            datetime!(2049-12-31 23:59:59 UTC),
        ),
        leaf(
            "leaf until 2050, in GeneralizedTime",
            w.now - day,
            datetime!(2050-01-01 00:00 UTC),
        ),
        leaf(
            "leaf since 1970",
            datetime!(1970-01-01 00:00 UTC),
            w.now + day,
        ),
        leaf(
            "leaf that outlives its issuers",
            w.now - day,
            w.now + day * 3650,
        ),
        sub("intermediate valid", w.now - day, w.now + day),
        sub(
            "intermediate expired a second ago",
            w.now - day,
            w.now - second,
        )
        .refused("expired"),
        sub(
            "intermediate valid in ten minutes",
            w.now + second * 600,
            w.now + day,
        )
        .refused("not-yet-valid"),
    ]
}

/// 6.1.3 (a)(4) and key identifiers
fn names(w: &World) -> Vec<Case> {
    let chaining = "RFC 5280 6.1.3 (a)(4)";
    let ids = "RFC 5280 4.2.1.1";
    let misnamed = w
        .client()
        .sign(&w.key, &common_name("Issuing"), &w.sub.key, w.sub.hash);
    let printable = typed_common_name(Tag::PrintableString, b"Printable CA");
    let printable = w.root.sub(w.ca("Printable CA").named(printable));
    let unnamed = w.root.sub(w.ca("").named(nobody()));
    let two = name(&[&[(COMMON_NAME, "Two")], &[(COMMON_NAME, "names")]]);
    let two = w.root.sub(w.ca("Two").named(two));
    let no_ski = w.root.sub(w.ca("Silent CA").with(subject_key_id(&[])));
    let odd_ski = w
        .root
        .sub(w.ca("Odd CA").with(subject_key_id(b"any octets will do")));
    vec![
        w.case(
            "issuer's name is another",
            chaining,
            &[&misnamed, &w.sub.der],
        )
        .refused("unknown-issuer"),
        w.below("issuer's name in PrintableString", chaining, &printable),
        w.below("issuer with two common names", chaining, &two),
        w.below("issuer without a name", "RFC 5280 4.1.2.4", &unnamed)
            .refused("no-name"),
        w.leaf(
            "no authority key identifier",
            ids,
            w.client().without_authority_key_id(),
        ),
        w.leaf(
            "authority key identifier of another key",
            "RFC 5280 6.1 (identifiers choose, they do not verify)",
            w.client().with(authority_key_id(&[0x55; 20])),
        ),
        w.leaf(
            "authority key identifier critical",
            ids,
            w.client().with(flipped(authority_key_id(&w.sub.key.id()))),
        )
        .refused("unknown-critical-extension"),
        w.below(
            "issuer with an empty key identifier",
            "RFC 5280 4.2.1.2",
            &no_ski,
        ),
        w.below(
            "issuer with any octets as key identifier",
            "RFC 5280 4.2.1.2",
            &odd_ski,
        ),
        w.leaf(
            "leaf with a key identifier",
            "RFC 5280 4.2.1.2",
            w.client().with(subject_key_id(&w.key.id())),
        ),
        w.leaf(
            "leaf's key identifier critical",
            "RFC 5280 4.2.1.2",
            w.client().with(flipped(subject_key_id(&w.key.id()))),
        )
        .refused("unknown-critical-extension"),
        w.below(
            "intermediate without key identifiers",
            ids,
            &w.root.sub(
                w.ca("Plain CA")
                    .without(ID_CE_SUBJECT_KEY_IDENTIFIER)
                    .without(ID_CE_AUTHORITY_KEY_IDENTIFIER)
                    .without_authority_key_id(),
            ),
        ),
    ]
}
