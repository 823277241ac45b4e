//! Which certificates are those of a public CA, and what becomes of them from clients.

use pki_core::public_ca::{ClientUse, PublicCa};
use rcgen::{CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose as Eku, SanType};
use time::Duration;
use time::macros::date;
use x509_identity::Certificate;

use crate::verify_kit::*;

fn public(organization: &str) -> Ca {
    root_ca("R12").with(|ca| {
        let subject = &mut ca.distinguished_name;
        subject.push(DnType::OrganizationName, organization);
    })
}

fn host(usages: &[Eku]) -> CertificateParams {
    with(server("host.example"), |leaf| {
        leaf.extended_key_usages = usages.to_vec();
    })
}

fn signed(ca: &Ca, leaf: &CertificateParams) -> Certificate {
    Certificate::from_der(&ca.sign(leaf)).unwrap()
}

#[test]
fn a_public_ca_is_recognized_by_its_organization() {
    for (organization, name, ends) in [
        (
            "Let's Encrypt",
            Some("Let's Encrypt"),
            date!(2026 - 07 - 08),
        ),
        ("DigiCert Inc", Some("DigiCert"), date!(2027 - 03 - 01)),
        ("Sectigo Limited", Some("Sectigo"), date!(2027 - 02 - 10)),
        (
            "GlobalSign nv-sa",
            Some("GlobalSign"),
            date!(2027 - 03 - 15),
        ),
        ("Let's Encrypt Fans", None, date!(2027 - 03 - 15)),
        ("Example", None, date!(2027 - 03 - 15)),
    ] {
        let ca = public(organization);
        let found = PublicCa::that_issued(&signed(&ca, &host(&[Eku::ServerAuth])));
        assert_eq!(found.map(PublicCa::name), name);
        // With timestamps of logs it is a public one, whatever its name.
        let logged = with(host(&[Eku::ServerAuth]), |leaf| {
            let oid = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
            let list = CustomExtension::from_oid_content(&oid, vec![4, 2, 0, 0]);
            leaf.custom_extensions.push(list);
        });
        let found = PublicCa::that_issued(&signed(&ca, &logged)).unwrap();
        assert_eq!(found.ends(), ends);
        // Certificates for mail keep clientAuth.
        let mail = signed(&ca, &host(&[Eku::EmailProtection, Eku::ClientAuth]));
        assert_eq!(PublicCa::that_issued(&mail), None);
    }
}

#[test]
fn each_date_has_a_source_and_no_default_ends_after_the_end() {
    for ca in PublicCa::all().iter().chain([&PublicCa::OTHER]) {
        assert!(!ca.source().is_empty(), "{}", ca.name());
        let clause = ca.to_string();
        assert!(
            clause.contains(&format!("from {} on", ca.ends())),
            "{clause}"
        );
        let before = ca.default_ended().filter(|ended| *ended < ca.ends());
        assert_eq!(
            before.is_some(),
            clause.contains("on request since"),
            "{clause}"
        );
        assert!(ca.default_ended().is_none_or(|ended| ended <= ca.ends()));
        assert!(ca.ends() <= PublicCa::OTHER.ends(), "{}", ca.name());
    }
}

#[test]
fn what_is_useless_from_a_client_is_told_from_what_is_not() {
    let (private, lets_encrypt) = (root_ca("private"), public("Let's Encrypt"));
    let both = [Eku::ServerAuth, Eku::ClientAuth];
    let nobody = with(host(&[Eku::ServerAuth]), |leaf| {
        leaf.subject_alt_names = vec![SanType::Rfc822Name("a@example.org".try_into().unwrap())];
    });
    let unlimited = with(nobody.clone(), |leaf| leaf.extended_key_usages.clear());
    let ended = with(host(&both), |leaf| leaf.not_after = NOW - Duration::SECOND);
    for (ca, leaf, code, affected) in [
        (&private, host(&both), "good", false),
        (&private, client("alice"), "good", false),
        (&private, host(&[Eku::ServerAuth]), "server", false),
        (&private, nobody, "without-client-auth", true),
        (&private, unlimited, "without-client-auth", true),
        (&lets_encrypt, host(&both), "no-successor", true),
        (
            &lets_encrypt,
            host(&[Eku::ServerAuth]),
            "public-for-servers",
            true,
        ),
        (&lets_encrypt, ended, "expired", false),
    ] {
        let certificate = signed(ca, &leaf);
        let found = ClientUse::of(&certificate, [], NOW);
        assert_eq!((found.code(), found.is_affected()), (code, affected));
        let is_public = code.starts_with("no-") || code.starts_with("public-");
        assert_eq!(found.public_ca().is_some(), is_public);
        assert!(!found.to_string().is_empty());
    }
    let ca = Certificate::from_der(private.der()).unwrap();
    assert_eq!(ClientUse::of(&ca, [], NOW), ClientUse::Ca);
}

#[test]
fn a_ca_for_servers_makes_its_clients_useless() {
    let root = root_ca("private");
    for (usages, code) in [
        (vec![], "good"),
        (vec![Eku::ServerAuth, Eku::ClientAuth], "good"),
        (vec![Eku::ServerAuth], "issuer-for-servers"),
    ] {
        let issuing = root
            .issuing("issuing")
            .with(|ca| ca.extended_key_usages = usages);
        let alice = signed(&issuing, &client("alice"));
        let above = Certificate::from_der(issuing.der()).unwrap();
        let other = Certificate::from_der(root.der()).unwrap();
        assert_eq!(ClientUse::of(&alice, [&other, &above], NOW).code(), code);
        // Nothing is known of a CA that is not there.
        assert_eq!(ClientUse::of(&alice, [&other], NOW), ClientUse::Good);
    }
}
