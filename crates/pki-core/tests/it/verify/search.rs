//! Which of several paths is taken, and whose refusal counts where none is good: by webpki, one by one where many
//! certificates are presented, and by the search beyond webpki.

use pki_core::verify::TrustAnchors;
use rcgen::{CertificateParams, CustomExtension, KeyPair, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use time::Duration;

use crate::verify_kit::*;

/// By which way a path is looked for.
#[derive(Clone, Copy, Debug)]
enum Way {
    WebPki,
    /// As there are so many certificates.
    OneByOne,
    /// As the leaf has what webpki does not know.
    Beyond,
}

const WAYS: [Way; 3] = [Way::WebPki, Way::OneByOne, Way::Beyond];

impl Way {
    fn alice(self) -> CertificateParams {
        with(client("alice"), |leaf| {
            if let Way::Beyond = self {
                let policy = tlv(0x30, tlv(0x30, tlv(0x06, [0x2A, 3, 4])));
                let mut policies = CustomExtension::from_oid_content(&[2, 5, 29, 32], policy);
                policies.set_criticality(true);
                leaf.custom_extensions.push(policies);
            }
        })
    }

    fn presented(self, cas: &[&CertificateDer<'static>]) -> Vec<CertificateDer<'static>> {
        let cas = cas.iter().map(|der| (*der).clone());
        match self {
            Way::OneByOne => {
                // None is self-issued, which would be a reason to search beyond webpki, too.
                let elsewhere = root_ca("elsewhere");
                let stray = |it| elsewhere.issuing(&format!("stray {it}")).der().clone();
                (0..5).map(stray).chain(cas).collect()
            }
            Way::WebPki | Way::Beyond => cas.collect(),
        }
    }
}

/// The same CA with something else in its certificate.
fn variant(
    root: &Ca,
    of: &Ca,
    change: impl FnOnce(&mut CertificateParams),
) -> CertificateDer<'static> {
    root.sign_for(&with(ca("issuing"), change), of.key())
}

#[test]
fn a_path_that_is_refused_hides_none_that_is_good() {
    let root = root_ca("root");
    let issuing = root.issuing("issuing");
    let lapsed = variant(&root, &issuing, |ca| ca.not_after = NOW - Duration::DAY);
    let limited = variant(&root, &issuing, |ca| {
        ca.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    let crossed = root_ca("elsewhere").sign_for(&ca("issuing"), issuing.key());
    let verifier = clients(anchors(&root)).build();
    for way in WAYS {
        let leaf = issuing.sign(&way.alice());
        for (other, alone) in [
            (&lapsed, "expired"),
            (&limited, "key-usage"),
            (&crossed, "unknown-issuer"),
        ] {
            for (cas, expected) in [
                (&[other, issuing.der()][..], "ok"),
                (&[issuing.der(), other], "ok"),
                (&[other], alone),
            ] {
                let result = verifier.verify(&leaf, &way.presented(cas), at(NOW));
                assert_eq!(verdict(&result), expected, "{way:?}: {result:?}");
            }
        }
    }
}

#[test]
fn a_revocation_outweighs_what_else_is_wrong() {
    let root = root_ca("root");
    let issuing = root.issuing("issuing");
    let limited = variant(&root, &issuing, |ca| {
        ca.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    let of_root = crl_der(&root, &crl_params(1, &[issuing.params()]));
    let of_issuing = crl_der(&issuing, &crl_params(1, &[]));
    let revocation = crls(&[&of_root, &of_issuing]);
    let verifier = clients(anchors(&root)).revocation(revocation).build();
    for way in WAYS {
        let leaf = issuing.sign(&way.alice());
        for cas in [[&limited, issuing.der()], [issuing.der(), &limited]] {
            let result = verifier.verify(&leaf, &way.presented(&cas), at(NOW));
            assert_eq!(verdict(&result), "revoked", "{way:?}: {result:?}");
        }
    }
}

#[test]
fn a_key_is_that_of_the_ca_whose_name_is_given() {
    let root = root_ca("root");
    let issuing = root.issuing("issuing");
    let same_key = KeyPair::from_pem(&issuing.key().serialize_pem()).unwrap();
    let namesake = root.issuing("another").with_key(same_key);
    let verifier = clients(anchors(&root)).build();
    for way in WAYS {
        let leaf = issuing.sign(&way.alice());
        for (ca, expected) in [(&issuing, "ok"), (&namesake, "unknown-issuer")] {
            let result = verifier.verify(&leaf, &way.presented(&[ca.der()]), at(NOW));
            assert_eq!(verdict(&result), expected, "{way:?}: {result:?}");
        }
    }
}

#[test]
fn a_key_identifier_chooses_among_anchors_and_does_not_decide() {
    let roots: Vec<Ca> = (0..10).map(|_| root_ca("root")).collect();
    let id =
        |id: &[u8]| CustomExtension::from_oid_content(&[2, 5, 29, 35], tlv(0x30, tlv(0x80, id)));
    for way in WAYS {
        for (of, expected) in [(&roots[9], "ok"), (&root_ca("root"), "bad-signature")] {
            let misnamed = with(way.alice(), |leaf| {
                leaf.use_authority_key_identifier_extension = false;
                leaf.custom_extensions.push(id(&[7; 20]));
            });
            let leaf = of.sign(&misnamed);
            let anchors = TrustAnchors::from_certs(roots.iter().map(Ca::der)).unwrap();
            let result = clients(anchors).build().verify(&leaf, &[], at(NOW));
            let is_ok = verdict(&result) == "ok";
            assert_eq!(is_ok, expected == "ok", "{way:?}: {result:?}");
        }
    }
}

#[test]
fn certificates_that_webpki_cannot_read_are_in_paths() {
    let root = root_ca("root");
    let verifier = clients(anchors(&root)).build();
    let leaf = root.sign(&client("alice"));
    let identified = |signer: &Ca| {
        let der = signer.rewrite(&leaf, |tbs| tbs.insert(7, tlv(0x82, [0, 0xAB])));
        CertificateDer::from(der)
    };
    for (signer, is_good) in [(&root, true), (&root_ca("root"), false)] {
        let result = verifier.verify(&identified(signer), &[], at(NOW));
        assert_eq!(result.is_ok(), is_good, "{result:?}");
    }
    // pathLen 300 takes two bytes.
    for (is_ca, expected) in [(0xFF, "ok"), (0, "not-a-ca")] {
        let issuing = root.issuing("issuing").with(|ca| {
            ca.is_ca = rcgen::IsCa::NoCa;
            let value = [tlv(1, [is_ca]), tlv(2, [1, 44])].concat();
            let value = if is_ca == 0 { Vec::new() } else { value };
            let mut constraints =
                CustomExtension::from_oid_content(&[2, 5, 29, 19], tlv(0x30, value));
            constraints.set_criticality(true);
            ca.custom_extensions.push(constraints);
        });
        let leaf = issuing.sign(&client("alice"));
        let result = verifier.verify(&leaf, &[issuing.der().clone()], at(NOW));
        assert_eq!(verdict(&result), expected, "{result:?}");
    }
}

#[test]
fn a_path_leads_through_no_ca_twice() {
    let root = root_ca("root");
    let (one, two) = (root.issuing("one"), root.issuing("two"));
    // Each has signed the other, too.
    let one_by_two = two.sign_for(&ca("one"), one.key());
    let two_by_one = one.sign_for(&ca("two"), two.key());
    let verifier = clients(anchors(&root)).build();
    for way in WAYS {
        let leaf = one.sign(&way.alice());
        let presented = way.presented(&[&one_by_two, &two_by_one, one.der()]);
        let path = verifier.verify(&leaf, &presented, at(NOW)).unwrap();
        let through = path.intermediates().iter().map(|ca| ca.der());
        assert_eq!(through.collect::<Vec<_>>(), [&**one.der()], "{way:?}");
    }
}

#[test]
fn two_cas_of_one_key_are_two() {
    let root = root_ca("root");
    let above = root.issuing("above");
    let same_key = KeyPair::from_pem(&above.key().serialize_pem()).unwrap();
    let below = above.issuing("below").with_key(same_key);
    let verifier = clients(anchors(&root)).build();
    for way in WAYS {
        let leaf = below.sign(&way.alice());
        for (cas, expected) in [
            (&[above.der(), below.der()][..], "ok"),
            (&[below.der()], "unknown-issuer"),
        ] {
            let result = verifier.verify(&leaf, &way.presented(cas), at(NOW));
            assert_eq!(verdict(&result), expected, "{way:?}: {result:?}");
        }
    }
}

#[test]
fn so_many_signatures_are_verified_in_search_of_a_path() {
    let root = root_ca("root");
    let issuing = root.issuing("issuing");
    let leaf = issuing.sign(&client("alice"));
    let twin = || root.issuing("issuing").der().clone();
    let twins: Vec<_> = std::iter::repeat_with(twin).take(39).collect();
    let verifier = clients(anchors(&root)).max_presented(64, 64 * 1024).build();
    // One signature more is that of the leaf by its CA, and one that of the CA by the root.
    for (many, expected) in [(38, true), (39, false)] {
        let presented: Vec<_> = twins[..many]
            .iter()
            .chain([issuing.der()])
            .cloned()
            .collect();
        let result = verifier.verify(&leaf, &presented, at(NOW));
        assert_eq!(result.is_ok(), expected, "{many}: {result:?}");
    }
}
