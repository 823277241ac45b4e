//! The tables of cases, one file for each subject.

mod anchors;
mod constraints;
mod crl;
mod crl_scope;
mod crypto;
mod extensions;
mod leaf;
mod names;
mod path;

use const_oid::db::rfc5280::ID_KP_SERVER_AUTH;
use time::OffsetDateTime;

use crate::case::Case;
use crate::certificate::CertificateBuilder;
use crate::extension::{eku, san};
use crate::name::dns;
use crate::world::World;

/// Every case, valid around `now`.
#[must_use]
pub fn cases(now: OffsetDateTime) -> Vec<Case> {
    let world = |category| World::new(now, category);
    [
        path::cases(&world("path")),
        leaf::cases(&world("leaf")),
        names::cases(&world("names")),
        crypto::cases(&world("crypto")),
        extensions::cases(&world("extensions")),
        constraints::cases(&world("name-constraints")),
        anchors::cases(&world("anchors")),
        crl::cases(&world("crl")),
        crl_scope::cases(&world("crl-scope")),
    ]
    .concat()
}

/// The identity of the server that clients connect to: chain and key are its own, it is `localhost`, and
/// `trust_anchors` is what clients trust. `crls` and `verdict` say nothing.
#[must_use]
pub fn server(now: OffsetDateTime) -> Case {
    let world = World::new(now, "server");
    let builder = CertificateBuilder::client(now, "localhost")
        .with(eku(&[ID_KP_SERVER_AUTH]))
        .with(san(&[dns("localhost")]));
    world.leaf("localhost", "RFC 9525", builder)
}
