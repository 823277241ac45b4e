//! Whoever issued a certificate of the path: a CA, with room below it (RFC 5280 section 6.1.4).

use std::sync::Arc;

use const_oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_CE_BASIC_CONSTRAINTS, ID_CE_KEY_USAGE, ID_KP_CLIENT_AUTH,
    ID_KP_SERVER_AUTH,
};
use x509_cert::ext::pkix::KeyUsages;

use crate::authority::Authority;
use crate::case::Case;
use crate::extension::{basic, ca, eku, flipped, key_usage, long_path, san};
use crate::key::Key;
use crate::name::dns;
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [cas(w), lengths(w)].concat()
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
