//! What a CRL is about (RFC 5280 sections 5.2.4, 5.2.5 and 6.3.3 (b)).

use der::flagset::FlagSet;
use x509_cert::ext::pkix::crl::dp::Reasons;
use x509_cert::ext::pkix::name::DistributionPointName;

use crate::Verdict;
use crate::case::Case;
use crate::crl::{CrlBuilder, full_name};
use crate::extension::distribution_point;
use crate::name::{decoded, directory};
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [certificates(w), partial(w), shards(w)].concat()
}

/// A client of the issuing CA with these CRLs of root and issuing CA.
fn client(
    w: &World,
    name: &'static str,
    clause: &'static str,
    root: &CrlBuilder,
    lists: &[CrlBuilder],
) -> Case {
    let builder = w.client().numbered(SERIAL).with(distribution_point(SHARD));
    let mut case = w.leaf(name, clause, builder);
    case.crls = vec![root.by(&w.root)];
    case.crls.extend(lists.iter().map(|list| list.by(&w.sub)));
    case
}

fn certificates(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.3.3 (b)(2)(ii) to (iv)";
    let users = |list: CrlBuilder| list.scope(|point| point.only_contains_user_certs = true);
    let cas = |list: CrlBuilder| list.scope(|point| point.only_contains_ca_certs = true);
    let attributes =
        |list: CrlBuilder| list.scope(|point| point.only_contains_attribute_certs = true);
    let both = w.crl().scope(|point| {
        point.only_contains_user_certs = true;
        point.only_contains_ca_certs = true;
    });
    let list = || w.crl();
    let listing = || w.crl().revoking(SERIAL);
    let case = |name, root: CrlBuilder, own: CrlBuilder| client(w, name, clause, &root, &[own]);
    let sub_of = |listed: bool| {
        let serial: &[u8] = if listed { OTHER } else { SERIAL };
        let sub = w.root.sub(w.ca("Numbered CA").numbered(OTHER));
        let name = if listed {
            "list of CAs, the CA listed"
        } else {
            "list of CAs, the CA not listed"
        };
        w.below(name, clause, &sub)
            .crls([&cas(list().revoking(serial)).by(&w.root), &list().by(&sub)])
    };
    vec![
        case("list of users for a user", list(), users(list())),
        case("list of users for a user, listed", list(), users(listing())).refused("revoked"),
        case("list of CAs for a user", list(), cas(list())).refused("revocation-unknown"),
        case("list of CAs for a CA", cas(list()), list()),
        sub_of(false),
        sub_of(true).refused("revoked"),
        case("list of users for a CA", users(list()), list()).refused("revocation-unknown"),
        case("list of attribute certificates", list(), attributes(list()))
            .refused(Verdict::UNUSABLE),
        client(
            w,
            "list of attribute certificates beside a complete one",
            clause,
            &list(),
            &[attributes(list().number(2)), list()],
        ),
        client(
            w,
            "list of attribute certificates beside a complete one, listed there",
            clause,
            &list(),
            &[attributes(list().number(2)), listing()],
        )
        .refused("revoked"),
        client(
            w,
            "lists of users and of CAs",
            clause,
            &list(),
            &[cas(list()), users(list())],
        ),
        client(
            w,
            "lists of users and of CAs, listed",
            clause,
            &list(),
            &[cas(list()), users(listing())],
        )
        .refused("revoked"),
        case("list of users alone and CAs alone", list(), both).refused(Verdict::UNUSABLE),
    ]
}

fn partial(w: &World) -> Vec<Case> {
    let deltas = "RFC 5280 5.2.4";
    let reasons = "RFC 5280 6.3.3 (d), (l)";
    let list = || w.crl();
    let listing = || w.crl().revoking(SERIAL);
    let delta = |list: CrlBuilder| list.number(2).delta(1);
    let indirect = |list: CrlBuilder| list.scope(|point| point.indirect_crl = true);
    let some = |list: CrlBuilder| {
        list.scope(|point| {
            point.only_some_reasons = Some(FlagSet::from(Reasons::KeyCompromise));
        })
    };
    let case = |name, clause, lists: &[CrlBuilder]| client(w, name, clause, &list(), lists);
    vec![
        case("delta alone", deltas, &[delta(list())]).refused(Verdict::UNUSABLE),
        case("delta beside its base", deltas, &[list(), delta(list())]),
        case("delta before its base", deltas, &[delta(list()), list()]),
        case(
            "delta beside its base, listed in the delta",
            deltas,
            &[list(), delta(listing())],
        )
        .refused("revoked"),
        case(
            "delta before its base, listed in the delta",
            deltas,
            &[delta(listing()), list()],
        )
        .refused("revoked"),
        case(
            "delta beside its base, listed in the base",
            deltas,
            &[listing(), delta(list())],
        )
        .refused("revoked"),
        case(
            "indirect alone",
            "RFC 5280 6.3.3 (b)(1)",
            &[indirect(list())],
        )
        .refused(Verdict::UNUSABLE),
        case(
            "indirect beside a complete one",
            "RFC 5280 6.3.3 (b)(1)",
            &[indirect(list().number(2)), list()],
        ),
        case("for some reasons alone", reasons, &[some(list())]).refused(Verdict::UNUSABLE),
        case(
            "for some reasons beside a complete one",
            reasons,
            &[some(list()), list()],
        ),
        case(
            "for some reasons beside a complete one, listed",
            reasons,
            &[some(listing()), list()],
        )
        .refused("revoked"),
    ]
}

fn shards(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.3.3 (b)(2)(i)";
    let at = |list: CrlBuilder, url: &'static str| {
        list.scope(|point| point.distribution_point = full_name(url))
    };
    let of_issuer = |list: CrlBuilder| {
        let name = decoded(&directory(&w.sub.name));
        list.scope(|point| {
            point.distribution_point = Some(DistributionPointName::FullName(vec![name]));
        })
    };
    let list = || w.crl();
    let listing = || w.crl().revoking(SERIAL);
    let case = |name, lists: &[CrlBuilder]| client(w, name, clause, &list(), lists);
    vec![
        case("its distribution point", &[at(list(), SHARD)]),
        case("its distribution point, listed", &[at(listing(), SHARD)]).refused("revoked"),
        case("another distribution point", &[at(list(), OTHER_SHARD)])
            .refused("revocation-unknown"),
        case(
            "another distribution point, listed there",
            &[at(list(), SHARD), at(listing(), OTHER_SHARD)],
        ),
        case(
            "two distribution points, listed in its own, higher number elsewhere",
            &[at(list().number(9), OTHER_SHARD), at(listing(), SHARD)],
        )
        .refused("revoked"),
        case(
            "two of its distribution point, revoked in the higher number",
            &[at(list(), SHARD), at(listing().number(2), SHARD)],
        )
        .refused("revoked"),
        case(
            "distribution point named for the issuer",
            &[of_issuer(list())],
        ),
        case(
            "distribution point named for the issuer, listed",
            &[of_issuer(listing())],
        )
        .refused("revoked"),
    ]
}

const SERIAL: &[u8] = &[0x51, 0x00, 0x07];
const OTHER: &[u8] = &[0x51, 0x00, 0x08];
const SHARD: &str = "http://crl.example/1.crl";
const OTHER_SHARD: &str = "http://crl.example/2.crl";
