//! Whether a leaf may be used for TLS client authentication.

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_KP_CLIENT_AUTH, ID_KP_CODE_SIGNING, ID_KP_EMAIL_PROTECTION, ID_KP_OCSP_SIGNING,
    ID_KP_SERVER_AUTH,
};
use der::flagset::FlagSet;
use x509_cert::ext::pkix::KeyUsages;

use crate::authority::Authority;
use crate::case::Case;
use crate::extension::{basic, ca, eku, flipped, key_usage};
use crate::key::Key;
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [purposes(w), key_usages(w), authorities(w), versions(w)].concat()
}

fn purposes(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 4.2.1.12";
    let smart_card_logon = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.2");
    let leaf =
        |name, purposes: &[ObjectIdentifier]| w.leaf(name, clause, w.client().with(eku(purposes)));
    let (client, server) = (ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH);
    let wrong = "wrong-extended-key-usage";
    vec![
        leaf("clientAuth", &[client]),
        leaf("clientAuth and serverAuth", &[client, server]),
        leaf("serverAuth and clientAuth", &[server, client]),
        leaf("clientAuth and any", &[client, ANY_EXTENDED_KEY_USAGE]),
        leaf(
            "clientAuth and smart card logon",
            &[smart_card_logon, client],
        ),
        w.leaf(
            "clientAuth, critical",
            clause,
            w.client().with(flipped(eku(&[client]))),
        ),
        w.leaf("no EKU", clause, w.client().without(ID_CE_EXT_KEY_USAGE))
            .refused("no-extended-key-usage"),
        leaf("EKU without a purpose", &[]).refused("malformed"),
        leaf("any alone", &[ANY_EXTENDED_KEY_USAGE]).refused(wrong),
        leaf("serverAuth", &[server]).refused(wrong),
        leaf("serverAuth and any", &[server, ANY_EXTENDED_KEY_USAGE]).refused(wrong),
        leaf("codeSigning", &[ID_KP_CODE_SIGNING]).refused(wrong),
        leaf("emailProtection", &[ID_KP_EMAIL_PROTECTION]).refused(wrong),
        leaf("OCSPSigning", &[ID_KP_OCSP_SIGNING]).refused(wrong),
        leaf("smart card logon", &[smart_card_logon]).refused(wrong),
        w.leaf(
            "serverAuth, critical",
            clause,
            w.client().with(flipped(eku(&[server]))),
        )
        .refused(wrong),
    ]
}

fn key_usages(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 4.2.1.3";
    let leaf =
        |name, bits: FlagSet<KeyUsages>| w.leaf(name, clause, w.client().with(key_usage(bits)));
    let digital = KeyUsages::DigitalSignature;
    vec![
        leaf("digitalSignature", digital.into()),
        leaf(
            "digitalSignature and keyEncipherment",
            digital | KeyUsages::KeyEncipherment,
        ),
        leaf(
            "digitalSignature and keyAgreement",
            digital | KeyUsages::KeyAgreement,
        ),
        leaf(
            "digitalSignature and nonRepudiation",
            digital | KeyUsages::NonRepudiation,
        ),
        w.leaf(
            "digitalSignature, not critical",
            clause,
            w.client().with(flipped(key_usage(digital))),
        ),
        w.leaf("no keyUsage", clause, w.client().without(ID_CE_KEY_USAGE)),
        leaf("no bit of keyUsage", FlagSet::default()).refused("key-usage"),
        leaf("nonRepudiation", KeyUsages::NonRepudiation.into()).refused("key-usage"),
        leaf("keyEncipherment", KeyUsages::KeyEncipherment.into()).refused("key-usage"),
        leaf("dataEncipherment", KeyUsages::DataEncipherment.into()).refused("key-usage"),
        leaf("keyAgreement", KeyUsages::KeyAgreement.into()).refused("key-usage"),
        leaf("keyCertSign", KeyUsages::KeyCertSign.into()).refused("key-usage"),
        leaf("cRLSign", KeyUsages::CRLSign.into()).refused("key-usage"),
        leaf(
            "keyAgreement and encipherOnly",
            KeyUsages::KeyAgreement | KeyUsages::EncipherOnly,
        )
        .refused("key-usage"),
        leaf(
            "keyAgreement and decipherOnly",
            KeyUsages::KeyAgreement | KeyUsages::DecipherOnly,
        )
        .refused("key-usage"),
        leaf(
            "digitalSignature and keyCertSign",
            digital | KeyUsages::KeyCertSign,
        ),
    ]
}

fn authorities(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 4.2.1.9";
    let bits = KeyUsages::DigitalSignature | KeyUsages::KeyCertSign;
    let for_clients = |name| {
        w.ca(name)
            .with(eku(&[ID_KP_CLIENT_AUTH]))
            .with(key_usage(bits))
    };
    let root = Authority::root(for_clients("Root for clients"), Key::p256());
    let sub = w.root.sub(for_clients("CA for clients"));
    let twin = Authority::root_with(w.client(), Arc::new(Key::p256()));
    let refused = |name, chain: &[&[u8]], key: &Key| {
        w.case_with(name, clause, chain, key).refused("ca-as-leaf")
    };
    vec![
        refused("the trusted root itself", &[&w.root.der], &w.root.key),
        refused(
            "the trusted root itself, for clients",
            &[&root.der],
            &root.key,
        )
        .trust_anchors([&root.der]),
        refused("an intermediate itself", &[&w.sub.der], &w.sub.key),
        refused("an intermediate itself, for clients", &[&sub.der], &sub.key),
        refused(
            "an intermediate itself, trusted as well",
            &[&sub.der],
            &sub.key,
        )
        .trust_anchors([&sub.der, &w.root.der]),
        w.leaf("a leaf with CA:TRUE", clause, w.client().with(ca(None)))
            .refused("ca-as-leaf"),
        w.leaf(
            "a leaf with CA:FALSE",
            clause,
            w.client().with(basic(false, None)),
        ),
        w.leaf(
            "a leaf without basicConstraints",
            clause,
            w.client().without(ID_CE_BASIC_CONSTRAINTS),
        ),
        w.case_with(
            "a self-signed client, trusted as a root",
            "RFC 5280 6.1.1 (d)",
            &[&twin.der],
            &twin.key,
        )
        .trust_anchors([&twin.der]),
    ]
}

fn versions(w: &World) -> Vec<Case> {
    let clause = "RFC 5280 4.1.2.1";
    let mut second = w.client().version_1();
    second.version = Some(1);
    let mut fourth = w.client();
    fourth.version = Some(3);
    let mut first_extended = w.client();
    first_extended.version = None;
    vec![
        w.leaf("version 1", clause, w.client().version_1())
            .refused("unsupported-version"),
        w.leaf("version 2", clause, second)
            .refused("unsupported-version"),
        w.leaf("version 4", clause, fourth).refused("malformed"),
        w.leaf("version 1 with extensions", clause, first_extended)
            .refused("malformed"),
        w.leaf(
            "version 3 without extensions",
            "RFC 5280 4.2.1.12",
            w.client().bare(),
        )
        .refused("no-extended-key-usage"),
    ]
}
