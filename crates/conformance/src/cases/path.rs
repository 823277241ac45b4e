//! Building the path and walking it (RFC 5280 section 6.1).

use std::sync::Arc;

use const_oid::db::rfc4519::COMMON_NAME;
use const_oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS,
    ID_CE_KEY_USAGE, ID_CE_SUBJECT_KEY_IDENTIFIER, ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH,
};
use der::Tag;
use time::{Duration, OffsetDateTime, macros::datetime};
use x509_cert::ext::pkix::KeyUsages;

use crate::authority::Authority;
use crate::case::Case;
use crate::certificate::forged;
use crate::extension::{
    authority_key_id, basic, ca, eku, flipped, key_usage, long_path, san, subject_key_id,
};
use crate::key::Key;
use crate::name::{common_name, dns, name, nobody, typed_common_name};
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [
        signatures(w),
        validity(w),
        names(w),
        cas(w),
        lengths(w),
        presented(w),
        several(w),
    ]
    .concat()
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
        leaf("leaf that ends before it begins", w.now + day, w.now - day).refused("rejected"),
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

/// 6.1.4 (k) and (n), and the purposes of CAs
fn cas(w: &World) -> Vec<Case> {
    let is_ca = "RFC 5280 6.1.4 (k)";
    let signs = "RFC 5280 6.1.4 (n)";
    let purposes = "RFC 5280 4.2.1.12";
    let sub = |name, clause, builder| w.below(name, clause, &w.root.sub(builder));
    let ca = || w.ca("Odd CA");
    vec![
        sub(
            "intermediate with CA:FALSE",
            is_ca,
            ca().with(basic(false, None)),
        )
        .refused("not-a-ca"),
        sub(
            "intermediate without basicConstraints",
            is_ca,
            ca().without(ID_CE_BASIC_CONSTRAINTS),
        )
        .refused("not-a-ca"),
        sub(
            "intermediate with basicConstraints not critical",
            "RFC 5280 4.2.1.9",
            ca().with(flipped(basic(true, None))),
        ),
        sub("intermediate is a client", is_ca, w.client()).refused("not-a-ca"),
        sub("intermediate of version 1", is_ca, ca().version_1()).refused("unsupported-version"),
        sub(
            "intermediate without keyCertSign",
            signs,
            ca().with(key_usage(KeyUsages::CRLSign)),
        )
        .refused("key-usage"),
        sub(
            "intermediate with keyCertSign alone",
            signs,
            ca().with(key_usage(KeyUsages::KeyCertSign)),
        ),
        sub(
            "intermediate without keyUsage",
            signs,
            ca().without(ID_CE_KEY_USAGE),
        ),
        sub(
            "intermediate for clientAuth",
            purposes,
            ca().with(eku(&[ID_KP_CLIENT_AUTH])),
        ),
        sub(
            "intermediate for both",
            purposes,
            ca().with(eku(&[ID_KP_SERVER_AUTH, ID_KP_CLIENT_AUTH])),
        ),
        sub(
            "intermediate for any purpose",
            purposes,
            ca().with(eku(&[ANY_EXTENDED_KEY_USAGE])),
        )
        .refused("wrong-extended-key-usage"),
        sub(
            "intermediate for serverAuth",
            purposes,
            ca().with(eku(&[ID_KP_SERVER_AUTH])),
        )
        .refused("wrong-extended-key-usage"),
        sub(
            "intermediate with an alternative name",
            "RFC 5280 4.2.1.6",
            ca().with(san(&[dns("ca.example")])),
        ),
    ]
}

/// 6.1.4 (l) and (m)
fn lengths(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.1.4 (l), (m)";
    let key = || Arc::new(Key::p256());
    let upper = |len| w.root.sub(w.ca("Upper CA").with(ca(len)));
    let chain = |name, top: &Authority, middle: &[&Authority]| {
        let last = middle.last().unwrap_or(&top);
        let leaf = last.issue(w.client(), &w.key);
        let mut chain: Vec<&[u8]> = vec![&leaf];
        chain.extend(middle.iter().rev().map(|ca| ca.der.as_slice()));
        chain.push(&top.der);
        w.case(name, clause, &chain)
    };
    let (zero, one) = (upper(Some(0)), upper(Some(1)));
    let below_zero = zero.sub(w.ca("Lower CA"));
    let below_one = one.sub(w.ca("Lower CA"));
    let lowest = below_one.sub(w.ca("Lowest CA"));
    let self_issued = zero.sub_with(w.ca("Upper CA"), key());
    let rolled_twice = self_issued.sub_with(w.ca("Upper CA"), key());
    let after_roll = self_issued.sub(w.ca("Lower CA"));
    let widened = one.sub(w.ca("Lower CA").with(ca(Some(9))));
    let below_widened = widened.sub(w.ca("Lowest CA"));
    let mut deep = vec![w.root.sub(w.ca("CA 1"))];
    for name in ["CA 2", "CA 3", "CA 4", "CA 5", "CA 6", "CA 7"] {
        deep.push(deep[deep.len() - 1].sub(w.ca(name)));
    }
    let deep: Vec<&Authority> = deep.iter().collect();
    let wide = w.root.sub(w.ca("Wide CA").with(long_path()));
    vec![
        chain("pathLen 0, no CA below", &zero, &[]),
        chain("pathLen 0, a CA below", &zero, &[&below_zero]).refused("path-length"),
        chain("pathLen 1, a CA below", &one, &[&below_one]),
        chain("pathLen 1, two CAs below", &one, &[&below_one, &lowest]).refused("path-length"),
        chain("pathLen 0, a self-issued CA below", &zero, &[&self_issued]),
        chain(
            "pathLen 0, two self-issued CAs below",
            &zero,
            &[&self_issued, &rolled_twice],
        ),
        chain(
            "pathLen 0, a CA below a self-issued one",
            &zero,
            &[&self_issued, &after_roll],
        )
        .refused("path-length"),
        chain(
            "pathLen 1, the CA below allows itself more",
            &one,
            &[&widened, &below_widened],
        )
        .refused("path-length"),
        chain("four intermediates", deep[0], &deep[1..4]),
        chain("six intermediates", deep[0], &deep[1..6]),
        chain("seven intermediates", deep[0], &deep[1..7])
            .but_we_refuse("too-deep", "webpki's path building ends at six"),
        w.below("pathLen of two bytes", clause, &wide),
    ]
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
