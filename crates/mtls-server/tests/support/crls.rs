//! CRLs that are loaded, and whom they let pass.

use std::sync::{Arc, Mutex};

use mtls_server::{
    crl::LoadedCrls,
    verify::{Revocation, TrustAnchors},
};
use pki_core::verify::{ChainVerifier, Purpose, unix_time};
use time::OffsetDateTime;

use super::{
    origin::{Origin, Reply},
    pki::{Ca, Leaf},
};

/// Whether `leaf` passes with these lists; the roots' signatures on lists are verified as a server does.
pub fn passes(loaded: &LoadedCrls, ca: &Ca, leaf: &Leaf) -> bool {
    let anchors = TrustAnchors::from_certs([ca.der()]).unwrap();
    let verifier = ChainVerifier::builder(anchors, Purpose::TlsClient)
        .revocation(Revocation::new(loaded.crls.clone()))
        .build();
    let chain = leaf.chain();
    verifier
        .verify(&chain[0], &chain[1..], unix_time(now()))
        .is_ok()
}

pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

pub fn client(ca: &Ca, serial: u64) -> Leaf {
    ca.client("client").serial(serial)
}

/// Answers with whatever is in it at the moment.
#[derive(Clone)]
pub struct Shelf(Arc<Mutex<Reply>>);

impl Shelf {
    pub async fn open(reply: Reply) -> (Self, Origin) {
        let shelf = Self(Arc::new(Mutex::new(reply)));
        let shown = shelf.clone();
        let origin = Origin::start(move |_| shown.0.lock().unwrap().clone()).await;
        (shelf, origin)
    }

    pub fn put(&self, reply: Reply) {
        *self.0.lock().unwrap() = reply;
    }
}
