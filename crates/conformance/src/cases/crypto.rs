//! Algorithms and keys.

use std::sync::Arc;

use crate::authority::Authority;
use crate::case::Case;
use crate::key::{Hash, Key};
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [keys(w), signatures(w)].concat()
}

/// Keys of leaf, intermediate and root.
fn keys(w: &World) -> Vec<Case> {
    let clause = "RFC 9325 4.2, RFC 5480, RFC 8410";
    let leaf = |name, key: Key| {
        let leaf = w.sub.issue(w.client(), &key);
        w.case_with(name, clause, &[&leaf, &w.sub.der], &key)
    };
    let sub = |name, key: Key| {
        w.below(
            name,
            clause,
            &w.root.sub_with(w.ca("CA of another kind"), Arc::new(key)),
        )
    };
    let root = |name, key: Key| w.of_root(name, clause, &Authority::root(w.ca("Root"), key));
    vec![
        leaf("leaf with P-256", Key::p256()),
        leaf("leaf with P-384", Key::p384()),
        leaf("leaf with P-521", Key::p521()),
        leaf("leaf with Ed25519", Key::ed25519()),
        leaf("leaf with RSA of 2048 bits", Key::rsa_2048()),
        leaf("leaf with RSA of 1024 bits", Key::rsa_1024()).refused("weak-key"),
        sub("intermediate with P-384", Key::p384()),
        sub("intermediate with P-521", Key::p521()),
        sub("intermediate with Ed25519", Key::ed25519()),
        sub("intermediate with RSA of 2048 bits", Key::rsa_2048()),
        sub("intermediate with RSA of 1024 bits", Key::rsa_1024()).refused("weak-key"),
        root("root with P-384", Key::p384()),
        root("root with P-521", Key::p521()),
        root("root with Ed25519", Key::ed25519()),
        root("root with RSA of 2048 bits", Key::rsa_2048()),
        root("root with RSA of 1024 bits", Key::rsa_1024()).refused("weak-key"),
    ]
}

fn signatures(w: &World) -> Vec<Case> {
    let clause = "RFC 9155, RFC 6151";
    let rsa = || Arc::new(Key::rsa_2048());
    let root = Authority::root_with(w.ca("Root"), rsa());
    let leaf = |name, hash| {
        let sub = w.root.sub_with(w.ca("RSA CA"), rsa()).hashing_with(hash);
        w.below(name, clause, &sub)
    };
    let sub = |name, hash| {
        let sub = root.clone().hashing_with(hash).sub(w.ca("CA"));
        w.below(name, clause, &sub).trust_anchors([&root.der])
    };
    let own = |name, hash| {
        let der = w.ca("Root").sign(&root.key, &root.name, &root.key, hash);
        let root = Authority {
            der,
            ..root.clone()
        };
        w.of_root(
            name,
            "RFC 5280 6.1.1 (d): a root's own signature counts for nothing",
            &root,
        )
    };
    vec![
        leaf("leaf signed with SHA-256", Hash::Sha256),
        leaf("leaf signed with SHA-1", Hash::Sha1).refused("weak-signature"),
        leaf("leaf signed with MD5", Hash::Md5).refused("weak-signature"),
        sub("intermediate signed with SHA-256", Hash::Sha256),
        sub("intermediate signed with SHA-1", Hash::Sha1).refused("weak-signature"),
        sub("intermediate signed with MD5", Hash::Md5).refused("weak-signature"),
        own("root signed with SHA-1 by itself", Hash::Sha1),
    ]
}
