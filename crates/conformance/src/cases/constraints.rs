//! Name constraints (RFC 5280 sections 4.2.1.10 and 6.1.3 (b) and (c)).

use const_oid::db::rfc3280::EMAIL_ADDRESS;
use const_oid::db::rfc4519::{COMMON_NAME, ORGANIZATION_NAME};
use x509_cert::ext::Extension;

use crate::authority::Authority;
use crate::case::Case;
use crate::certificate::CertificateBuilder;
use crate::extension::{constraints, flipped, san};
use crate::key::Key;
use crate::name::{General, common_name, directory, dns, email, ip, member, name, uri};
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [by_kind(w), by_place(w)].concat()
}

/// A subtree, a name inside, and names outside.
fn by_kind(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 4.2.1.10";
    let path = |name, constraint: Extension, names: &[General]| {
        let sub = w.root.sub(w.ca("Constrained CA").with(constraint));
        let leaf = sub.issue(w.client().with(san(names)), &w.key);
        w.case(name, clause, &[&leaf, &sub.der])
    };
    let only = |base: General| constraints(&[base], &[]);
    let not = |base: General| constraints(&[], &[base]);
    let refused = |case: Case| case.refused("name-constraint");
    let subnet = || ip(&[192, 0, 2, 0, 255, 255, 255, 0]);
    let subnet6 = || ip(&[[0x20; 16], [0xff; 16]].concat());
    let unit = || directory(&organization("Example"));
    let person = |organization| directory(&member(organization, "alice"));
    vec![
        path(
            "DNS permitted, below",
            only(dns("example.org")),
            &[dns("a.example.org")],
        ),
        path(
            "DNS permitted, the same",
            only(dns("example.org")),
            &[dns("example.org")],
        ),
        path(
            "DNS permitted, in capitals",
            only(dns("example.org")),
            &[dns("A.EXAMPLE.ORG")],
        ),
        refused(path(
            "DNS permitted, a name that is empty beside a good one",
            only(dns("example.org")),
            &[dns("example.org"), dns("")],
        )),
        refused(path(
            "DNS excluded, a name beyond ASCII",
            not(dns("example.org")),
            &[dns("ålice.example.com")],
        )),
        refused(path(
            "mailbox excluded, an address beyond ASCII",
            not(email("example.org")),
            &[email("jané@example.com")],
        )),
        path(
            "mailbox excluded, a dNSName beyond ASCII",
            not(email("example.org")),
            &[dns("ålice.example.com")],
        ),
        refused(path(
            "DNS permitted, another",
            only(dns("example.org")),
            &[dns("example.com")],
        )),
        refused(path(
            "DNS permitted, the end alike",
            only(dns("example.org")),
            &[dns("badexample.org")],
        )),
        refused(path(
            "DNS permitted, one of two outside",
            only(dns("example.org")),
            &[dns("a.example.org"), dns("example.com")],
        )),
        path(
            "DNS excluded, another",
            not(dns("example.org")),
            &[dns("example.com")],
        ),
        refused(path(
            "DNS excluded, below",
            not(dns("example.org")),
            &[dns("a.example.org")],
        )),
        refused(path(
            "DNS excluded, a wildcard that reaches it",
            not(dns("a.example.org")),
            &[dns("*.example.org")],
        )),
        refused(path(
            "DNS permitted and below that excluded",
            constraints(&[dns("example.org")], &[dns("no.example.org")]),
            &[dns("a.no.example.org")],
        )),
        path(
            "DNS permitted, no name of the kind",
            only(dns("example.org")),
            &[email("a@b.example")],
        ),
        path(
            "IP permitted, inside",
            only(subnet()),
            &[ip(&[192, 0, 2, 7])],
        ),
        refused(path(
            "IP permitted, outside",
            only(subnet()),
            &[ip(&[192, 0, 3, 7])],
        )),
        refused(path(
            "IP permitted, of version 6",
            only(subnet()),
            &[ip(&[0x20; 16])],
        )),
        path(
            "IP excluded, outside",
            not(subnet()),
            &[ip(&[192, 0, 3, 7])],
        ),
        refused(path(
            "IP excluded, inside",
            not(subnet()),
            &[ip(&[192, 0, 2, 7])],
        )),
        path(
            "IPv6 permitted, inside",
            only(subnet6()),
            &[ip(&[0x20; 16])],
        ),
        refused(path(
            "IPv6 permitted, outside",
            only(subnet6()),
            &[ip(&[0x21; 16])],
        )),
        path(
            "email of a host permitted, inside",
            only(email("example.org")),
            &[email("a@example.org")],
        ),
        refused(path(
            "email of a host permitted, below it",
            only(email("example.org")),
            &[email("a@b.example.org")],
        )),
        path(
            "email of a domain permitted, below it",
            only(email(".example.org")),
            &[email("a@b.example.org")],
        ),
        refused(path(
            "email of a domain permitted, the domain",
            only(email(".example.org")),
            &[email("a@example.org")],
        )),
        path(
            "mailbox permitted, the same",
            only(email("a@example.org")),
            &[email("a@example.org")],
        ),
        refused(path(
            "mailbox permitted, another",
            only(email("a@example.org")),
            &[email("b@example.org")],
        )),
        path(
            "email excluded, outside",
            not(email("example.org")),
            &[email("a@example.com")],
        ),
        refused(path(
            "email excluded, inside",
            not(email("example.org")),
            &[email("a@example.org")],
        )),
        path(
            "URI of a host permitted, the same",
            only(uri("example.org")),
            &[uri("spiffe://example.org/a")],
        ),
        refused(path(
            "URI of a host permitted, another",
            only(uri("example.org")),
            &[uri("spiffe://example.com/a")],
        )),
        path(
            "URI of a domain permitted, below it",
            only(uri(".example.org")),
            &[uri("https://b.example.org/")],
        ),
        refused(path(
            "URI permitted, without a host",
            only(uri("example.org")),
            &[uri("urn:alice")],
        )),
        path(
            "URI excluded, outside",
            not(uri("example.org")),
            &[uri("spiffe://example.com/a")],
        ),
        refused(path(
            "URI excluded, inside",
            not(uri("example.org")),
            &[uri("spiffe://example.org/a")],
        )),
        refused(path(
            "DNS permitted, a name with an empty label",
            only(dns("example.org")),
            &[dns("a.example.org"), dns(".example.org")],
        )),
        refused(path(
            "DNS excluded, a constraint that is no name",
            not(dns("*.example.org")),
            &[dns("a.example.com")],
        )),
        refused(path(
            "mailbox with two at signs",
            only(email("example.org")),
            &[email("alice@example.com@example.org")],
        )),
        path(
            "directoryName excluded, outside",
            not(unit()),
            &[person("Other")],
        ),
        refused(path(
            "directoryName excluded, alternative name inside",
            not(unit()),
            &[person("Example")],
        )),
    ]
}

/// Subjects, several CAs, criticality, anchors.
fn by_place(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 6.1.3 (b), (c)";
    let unit = || directory(&organization("Example"));
    let people = || constraints(&[unit()], &[]);
    let hosts = |name: &str| constraints(&[dns(name)], &[]);
    let under = |name, constraint: Extension, builder: CertificateBuilder| {
        let sub = w.root.sub(w.ca("Constrained CA").with(constraint));
        let leaf = sub.issue(builder, &w.key);
        w.case(name, clause, &[&leaf, &sub.der])
    };
    let client = |name: Vec<u8>| w.client().named(name);
    let address = name(&[
        &[(COMMON_NAME, "alice")],
        &[(EMAIL_ADDRESS, "alice@example.com")],
    ]);
    let host = |name: &str| w.client().with(san(&[dns(name)]));

    let upper = w.root.sub(w.ca("Upper CA").with(hosts("example.org")));
    let lower = upper.sub(w.ca("Lower CA"));
    let wider = upper.sub(w.ca("Wider CA").with(hosts("example.com")));
    let two = |name, ca: &Authority, builder: CertificateBuilder| {
        let leaf = ca.issue(builder, &w.key);
        w.case(name, clause, &[&leaf, &ca.der, &upper.der])
    };
    let named_sub = w.root.sub(w.ca("Upper CA").with(people()));
    let outside = named_sub.sub(w.ca("Lower CA"));
    let inside = named_sub.sub(w.ca("").named(member("Example", "Lower CA")));
    let three = |name, ca: &Authority| {
        let leaf = ca.issue(client(member("Example", "alice")), &w.key);
        w.case(name, clause, &[&leaf, &ca.der, &named_sub.der])
    };
    let root = Authority::root(w.ca("Root").with(hosts("example.org")), Key::p256());
    let of_root = |name, builder: CertificateBuilder| {
        let leaf = root.issue(builder, &w.key);
        w.case(name, "RFC 5280 6.1.1 (d), RFC 5937", &[&leaf])
            .trust_anchors([&root.der])
    };
    let refused = |case: Case| case.refused("name-constraint");
    vec![
        under(
            "subject permitted, inside",
            people(),
            client(member("Example", "alice")),
        ),
        under(
            "subject permitted, in other letters",
            people(),
            client(member("EXAMPLE", "alice")),
        ),
        refused(under(
            "subject permitted, outside",
            people(),
            client(member("Other", "alice")),
        )),
        refused(under(
            "subject permitted, no organization",
            people(),
            client(common_name("alice")),
        )),
        under(
            "subject excluded, outside",
            constraints(&[], &[unit()]),
            client(member("Other", "alice")),
        ),
        refused(under(
            "subject excluded, inside",
            constraints(&[], &[unit()]),
            client(member("Example", "alice")),
        )),
        refused(under(
            "emailAddress of the subject outside",
            constraints(&[email("example.org")], &[]),
            client(address.clone()),
        )),
        under(
            "emailAddress of the subject inside",
            constraints(&[email("example.com")], &[]),
            client(address),
        ),
        under(
            "constraints not critical, inside",
            flipped(hosts("example.org")),
            host("a.example.org"),
        ),
        refused(under(
            "constraints not critical, outside",
            flipped(hosts("example.org")),
            host("a.example.com"),
        )),
        two(
            "constraints two CAs up, inside",
            &lower,
            host("a.example.org"),
        ),
        refused(two(
            "constraints two CAs up, outside",
            &lower,
            host("a.example.com"),
        )),
        refused(two(
            "wider constraints below widen nothing",
            &wider,
            host("a.example.com"),
        )),
        refused(two("no name satisfies both", &wider, host("a.example.org"))),
        three("CA's own name inside", &inside),
        refused(three("CA's own name outside", &outside)),
        of_root("root's constraints, inside", host("a.example.org")),
        refused(of_root(
            "root's constraints, outside",
            host("a.example.com"),
        )),
    ]
}

fn organization(text: &str) -> Vec<u8> {
    name(&[&[(ORGANIZATION_NAME, text)]])
}
