//! Extensions that have to be understood and obeyed, policies among them (RFC 5280 sections 4.2 and 6.1).

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ANY_POLICY, ID_KP_CLIENT_AUTH};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::KeyUsages;

use crate::authority::Authority;
use crate::case::Case;
use crate::extension::{
    basic, distribution_point, eku, flipped, inhibit_any_policy, key_usage, policies,
    policy_constraints, policy_mapping, san, unknown,
};
use crate::key::Key;
use crate::name::dns;
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [unknown_ones(w), twice(w), policy_cases(w)].concat()
}

fn unknown_ones(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 4.2, 6.1.4 (o)";
    let sub = |name, critical| {
        w.below(
            name,
            clause,
            &w.root.sub(w.ca("Odd CA").with(unknown(critical))),
        )
    };
    let root = |name, critical| {
        let root = Authority::root(w.ca("Root").with(unknown(critical)), Key::p256());
        w.of_root(name, clause, &root)
    };
    let critical = "unknown-critical-extension";
    let crl_point = distribution_point("http://crl.example/1.crl");
    vec![
        w.leaf(
            "leaf with an unknown one",
            clause,
            w.client().with(unknown(false)),
        ),
        w.leaf(
            "leaf with an unknown one, critical",
            clause,
            w.client().with(unknown(true)),
        )
        .refused(critical),
        w.leaf(
            "leaf with unique identifiers",
            "RFC 5280 4.1.2.8",
            w.client().with_unique_ids(),
        ),
        w.leaf(
            "leaf with unique identifiers and an unknown extension, critical",
            "RFC 5280 4.1.2.8, 4.2",
            w.client().with_unique_ids().with(unknown(true)),
        )
        .refused(critical),
        w.below(
            "intermediate with unique identifiers",
            "RFC 5280 4.1.2.8",
            &w.root.sub(w.ca("Odd CA").with_unique_ids()),
        ),
        sub("intermediate with an unknown one", false),
        sub("intermediate with an unknown one, critical", true).refused(critical),
        root("root with an unknown one", false),
        root("root with an unknown one, critical", true).refused(critical),
        w.leaf(
            "cRLDistributionPoints",
            "RFC 5280 4.2.1.13",
            w.client().with(crl_point.clone()),
        ),
        w.leaf(
            "cRLDistributionPoints, critical",
            "RFC 5280 4.2.1.13",
            w.client().with(flipped(crl_point)),
        ),
    ]
}

/// 4.2: no more than one of a kind.
fn twice(w: &World) -> Vec<Case> {
    let leaf = |name, extension: Extension| {
        w.leaf(name, "RFC 5280 4.2", w.client().and(extension))
            .refused("malformed")
    };
    let sub = w.root.sub(w.ca("Odd CA").and(basic(true, Some(3))));
    let root = Authority::root(w.ca("Root").and(basic(true, None)), Key::p256());
    vec![
        leaf("extKeyUsage twice", eku(&[ID_KP_CLIENT_AUTH])),
        leaf("keyUsage twice", key_usage(KeyUsages::DigitalSignature)),
        leaf("basicConstraints twice", basic(false, None)),
        w.leaf(
            "subjectAltName twice",
            "RFC 5280 4.2",
            w.client()
                .with(san(&[dns("a.example")]))
                .and(san(&[dns("b.example")])),
        )
        .refused("malformed"),
        w.leaf(
            "an unknown one twice",
            "RFC 5280 4.2",
            w.client().with(unknown(false)).and(unknown(false)),
        )
        .refused("malformed"),
        w.below(
            "intermediate's basicConstraints twice",
            "RFC 5280 4.2",
            &sub,
        )
        .refused("malformed"),
        w.of_root("root's basicConstraints twice", "RFC 5280 4.2", &root)
            .refused(crate::Verdict::UNUSABLE),
    ]
}

fn policy_cases(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.1.3 (d) to (f), 6.1.4 (a) to (j)";
    let (gold, silver) = (
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.2.1"),
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.2.2"),
    );
    // An intermediate with these, and a leaf with those below it.
    let path = |name, ca: &[Extension], leaf: &[Extension]| {
        let extended = |builder: crate::certificate::CertificateBuilder,
                        extensions: &[Extension]| {
            extensions
                .iter()
                .cloned()
                .fold(builder, crate::certificate::CertificateBuilder::with)
        };
        let sub = w.root.sub(extended(w.ca("Policy CA"), ca));
        let leaf = sub.issue(extended(w.client(), leaf), &w.key);
        w.case(name, clause, &[&leaf, &sub.der])
    };
    let explicit = |skip| policy_constraints(Some(skip), None);
    let no_mapping = policy_constraints(Some(0), Some(0));
    let critical = |named: &[ObjectIdentifier]| flipped(policies(named));
    vec![
        path("policies", &[policies(&[gold])], &[policies(&[gold])]),
        path(
            "policies, critical",
            &[critical(&[gold])],
            &[critical(&[gold])],
        ),
        path("leaf's policies, critical", &[], &[critical(&[gold])]),
        path(
            "policies that do not meet, none required",
            &[policies(&[gold])],
            &[policies(&[silver])],
        ),
        path(
            "explicit policy required and there",
            &[policies(&[gold]), explicit(0)],
            &[policies(&[gold])],
        ),
        path(
            "explicit policy required and not there",
            &[policies(&[gold]), explicit(0)],
            &[],
        )
        .refused("policy"),
        path(
            "explicit policy required and another there",
            &[policies(&[gold]), explicit(0)],
            &[policies(&[silver])],
        )
        .refused("policy"),
        path(
            "explicit policy required, CA has none",
            &[explicit(0)],
            &[policies(&[gold])],
        )
        .refused("policy"),
        path("explicit policy required further down", &[explicit(5)], &[]),
        path(
            "explicit policy required, CA has any",
            &[policies(&[ANY_POLICY]), explicit(0)],
            &[policies(&[gold])],
        ),
        path(
            "explicit policy required, leaf has any",
            &[policies(&[gold]), explicit(0)],
            &[policies(&[ANY_POLICY])],
        ),
        path(
            "any inhibited, leaf has any",
            &[policies(&[gold]), explicit(0), inhibit_any_policy(0)],
            &[policies(&[ANY_POLICY])],
        )
        .refused("policy"),
        path(
            "any inhibited, leaf has its own",
            &[policies(&[gold]), explicit(0), inhibit_any_policy(0)],
            &[policies(&[gold])],
        ),
        path(
            "any inhibited, no policy required",
            &[inhibit_any_policy(0)],
            &[],
        ),
        path(
            "policy mapped",
            &[policies(&[gold]), explicit(0), policy_mapping(gold, silver)],
            &[policies(&[silver])],
        ),
        path(
            "policy mapped away",
            &[policies(&[gold]), explicit(0), policy_mapping(gold, silver)],
            &[policies(&[gold])],
        )
        .refused("policy"),
        path(
            "policy mapped from any",
            &[policies(&[ANY_POLICY]), policy_mapping(ANY_POLICY, gold)],
            &[],
        )
        .refused("policy"),
        path(
            "mapping inhibited, nothing mapped",
            &[policies(&[gold]), no_mapping],
            &[policies(&[gold])],
        ),
        inhibited_mapping(w, clause, gold, silver),
    ]
}

/// The upper CA inhibits mapping, the lower one maps all the same.
fn inhibited_mapping(
    w: &World,
    clause: &'static str,
    gold: ObjectIdentifier,
    silver: ObjectIdentifier,
) -> Case {
    let upper = w
        .ca("Upper CA")
        .with(policies(&[gold]))
        .with(policy_constraints(Some(0), Some(0)));
    let upper = w.root.sub(upper);
    let lower = w
        .ca("Lower CA")
        .with(policies(&[gold]))
        .with(policy_mapping(gold, silver));
    let lower = upper.sub(lower);
    let leaf = lower.issue(w.client().with(policies(&[silver])), &w.key);
    w.case(
        "mapping inhibited, policy mapped",
        clause,
        &[&leaf, &lower.der, &upper.der],
    )
    .refused("policy")
}
