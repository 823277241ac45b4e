//! Who is refused because of a CRL, or for want of one, and what a verified path is worth later.

use pki_core::verify::{
    CrlSet, RevocationReason, Scope, Strictness, UnknownStatus, VerifyError, VerifyErrorKind,
};
use rcgen::KeyUsagePurpose;
use time::Duration;

use crate::verify_kit::*;

#[test]
fn listed_certificates_are_refused_along_the_chain() {
    let lab = Lab::new();
    let bob = client("bob");
    let clean = crl_der(&lab.issuing, &crl_params(1, &[&bob]));
    let alice = crl_der(&lab.issuing, &crl_params(1, &[&bob, &lab.alice]));
    let root_clean = lab.root_crl();
    let root_lists_issuing = crl_der(&lab.root, &crl_params(1, &[lab.issuing.params()]));

    for (files, chain, leaf_only) in [
        ([&clean, &root_clean], "ok", "ok"),
        ([&alice, &root_clean], "revoked", "revoked"),
        ([&clean, &root_lists_issuing], "revoked", "ok"),
    ] {
        let files = files.map(Vec::as_slice);
        assert_eq!(lab.verdict(crls(&files)), chain);
        assert_eq!(lab.verdict(crls(&files).scope(Scope::LeafOnly)), leaf_only);
    }
    let unchecked = clients(anchors(&lab.root)).build();
    assert_eq!(
        verdict(&unchecked.verify(&lab.leaf, std::slice::from_ref(lab.issuing.der()), at(NOW))),
        "ok"
    );
}

#[test]
fn refusal_names_serial_reason_and_date() {
    let lab = Lab::new();
    for (given, expected) in [
        (None, RevocationReason::Unspecified),
        (
            Some(rcgen::RevocationReason::KeyCompromise),
            RevocationReason::KeyCompromise,
        ),
        (
            Some(rcgen::RevocationReason::CertificateHold),
            RevocationReason::CertificateHold,
        ),
        // In a complete CRL the entry still lists the certificate.
        (
            Some(rcgen::RevocationReason::RemoveFromCrl),
            RevocationReason::RemoveFromCrl,
        ),
    ] {
        let mut params = crl_params(1, &[&lab.alice]);
        params.revoked_certs[0].reason_code = given;
        let (list, root) = (crl_der(&lab.issuing, &params), lab.root_crl());
        let error = lab.verify(crls(&[&list, &root])).unwrap_err();
        assert_eq!(error.kind(), VerifyErrorKind::Revoked);
        let VerifyError::Revoked {
            subject,
            serial,
            reason,
            date,
        } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(
            (subject.as_str(), reason, date),
            ("CN=alice", expected, NOW - Duration::hours(2))
        );
        let bytes = lab.alice.serial_number.as_ref().unwrap().as_ref().to_vec();
        assert!(
            serial
                .trim_start_matches('0')
                .ends_with(&format!("{:X}", bytes[bytes.len() - 1]))
        );
    }
}

#[test]
fn certificate_without_a_crl_is_refused_unless_allowed() {
    let lab = Lab::new();
    let issuing = crl_der(&lab.issuing, &crl_params(1, &[]));
    let stranger = crl_der(&root_ca("stranger"), &crl_params(1, &[]));
    let root = lab.root_crl();
    for (files, deny, allow) in [
        (vec![&issuing, &root], "ok", "ok"),
        (vec![&issuing], "revocation-unknown", "ok"),
        (vec![&root], "revocation-unknown", "ok"),
        (vec![&stranger], "revocation-unknown", "ok"),
    ] {
        let files: Vec<_> = files.into_iter().map(Vec::as_slice).collect();
        assert_eq!(lab.verdict(crls(&files)), deny);
        assert_eq!(
            lab.verdict(crls(&files).unknown(UnknownStatus::Allow)),
            allow
        );
    }
}

#[test]
fn issuer_may_sign_crls_unless_its_key_usage_says_no() {
    for (usages, expected) in [
        (vec![], "ok"),
        (
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
            "ok",
        ),
        (vec![KeyUsagePurpose::KeyCertSign], "key-usage"),
    ] {
        let root = root_ca("root").with(|root| root.key_usages = usages);
        let leaf = root.sign(&client("alice"));
        let verifier = clients(anchors(&root))
            .revocation(crls(&[&crl_der(&root, &crl_params(1, &[]))]))
            .build();
        assert_eq!(verdict(&verifier.verify(&leaf, &[], at(NOW))), expected);
    }
}

#[test]
fn version_1_crl_of_plain_openssl_counts() {
    let lab = Lab::new();
    for (revoked, expected) in [(vec![], "ok"), (vec![&lab.alice], "revoked")] {
        let list = lab
            .issuing
            .rewrite(&crl_der(&lab.issuing, &crl_params(1, &revoked)), |tbs| {
                tbs.remove(0);
                tbs.pop();
            });
        assert_eq!(lab.with_issuing(&[&list]), expected);
    }
}

#[test]
fn path_that_was_good_is_so_until_a_date_or_a_crl_ends() {
    let second = Duration::SECOND;
    let lab = Lab::new();
    let of_root = lab.root_crl();
    let of_issuing = crl_der(&lab.issuing, &crl_params(1, &[]));
    let with_lists = clients(anchors(&lab.root)).revocation(crls(&[&of_root, &of_issuing]));
    let listed = crl_der(&lab.issuing, &crl_params(2, &[&lab.alice]));
    let revoked = clients(anchors(&lab.root)).revocation(crls(&[&of_root, &listed]));
    let presented = std::slice::from_ref(lab.issuing.der());
    let path = with_lists
        .clone()
        .build()
        .verify(&lab.leaf, presented, at(NOW))
        .unwrap();
    let no_lists = clients(anchors(&lab.root));
    for (verifier, moment, expected) in [
        (&with_lists, NOW, "ok"),
        (&with_lists, NOW + Duration::DAY, "ok"),
        (&with_lists, NOW + Duration::DAY + second, "crl-expired"),
        (&revoked, NOW, "revoked"),
        (&no_lists, NOW + Duration::days(10), "ok"),
        (&no_lists, NOW + Duration::days(10) + second, "expired"),
        (&no_lists, NOW - Duration::days(10), "ok"),
        (
            &no_lists,
            NOW - Duration::days(10) - second,
            "not-yet-valid",
        ),
    ] {
        let again = verifier.clone().build().recheck(&path, at(moment));
        let verdict = again.map_or_else(|error| error.code(), |()| "ok");
        assert_eq!(verdict, expected, "{moment}");
    }
}

#[test]
fn anchor_that_has_expired_ends_its_paths_where_anchors_are_checked() {
    let root = root_ca("root").with(|root| root.not_after = NOW + Duration::DAY);
    let alice = root.sign(&client("alice"));
    for (strictness, expected) in [
        (Strictness::Strict, "anchor-expired"),
        (Strictness::WebPki, "ok"),
    ] {
        let verifier = clients(anchors(&root)).strictness(strictness).build();
        let path = verifier.verify(&alice, &[], at(NOW)).unwrap();
        assert!(verifier.recheck(&path, at(NOW + Duration::DAY)).is_ok());
        let later = verifier.recheck(&path, at(NOW + Duration::days(2)));
        assert_eq!(later.map_or_else(|error| error.code(), |()| "ok"), expected);
    }
}

#[test]
fn other_crls_are_read_as_strictly() {
    let lab = Lab::new();
    let root = lab.root_crl();
    let (clean, revoking) = (
        crl_der(&lab.issuing, &crl_params(1, &[])),
        crl_der(&lab.issuing, &crl_params(2, &[&lab.alice])),
    );
    let set = |files: &[&[u8]]| CrlSet::from_pem_or_der(files).unwrap();
    let strict = crls(&[&root, &clean]);
    let lenient = strict.clone().unknown(UnknownStatus::Allow);
    for (revocation, files, expected) in [
        (&strict, [&root[..], &clean], "ok"),
        (&strict, [&root[..], &revoking], "revoked"),
        (&strict, [&root[..], &root], "revocation-unknown"),
        (&lenient, [&root[..], &root], "ok"),
        (&lenient, [&root[..], &revoking], "revoked"),
    ] {
        let replaced = revocation.clone().with_crls(set(&files));
        assert_eq!(lab.verdict(replaced), expected);
    }
}

#[test]
fn a_leaf_without_revocation_needs_no_crl_and_is_refused_if_one_lists_it() {
    let mut lab = Lab::new();
    let no_rev_avail = |critical| {
        let mut extension = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 56], vec![5, 0]);
        extension.set_criticality(critical);
        extension
    };
    let short = with(client("alice"), |leaf| {
        leaf.custom_extensions.push(no_rev_avail(false));
    });
    // It says that there is no CRL, and where that is.
    let both = with(lab.alice.clone(), |leaf| {
        leaf.custom_extensions.push(no_rev_avail(false));
    });
    let root = lab.root_crl();
    let stale = {
        let mut params = crl_params(1, &[]);
        (params.this_update, params.next_update) = (NOW - Duration::days(9), NOW - Duration::DAY);
        crl_der(&lab.issuing, &params)
    };
    let listing = crl_der(&lab.issuing, &crl_params(2, &[&short, &both]));
    for (leaf, alone, with_stale) in [
        (&short, "ok", "ok"),
        (&both, "revocation-unknown", "crl-expired"),
    ] {
        lab.leaf = lab.issuing.sign(leaf);
        assert_eq!(lab.verdict(crls(&[&root])), alone);
        assert_eq!(lab.verdict(crls(&[&root, &stale])), with_stale);
        assert_eq!(lab.verdict(crls(&[&root, &listing])), "revoked");
    }
    // It says where a delta is, which is as good.
    let freshest = with(short.clone(), |leaf| {
        let points = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 46], vec![0x30, 0]);
        leaf.custom_extensions.push(points);
    });
    lab.leaf = lab.issuing.sign(&freshest);
    assert_eq!(lab.verdict(crls(&[&root])), "revocation-unknown");
    // A CA is revoked by its issuer, whatever it says.
    let issuing = lab.root.issuing("issuing").with(|ca| {
        ca.custom_extensions.push(no_rev_avail(false));
    });
    lab.leaf = issuing.sign(&short);
    let of_leaves = crl_der(&issuing, &crl_params(1, &[]));
    lab.issuing = issuing;
    assert_eq!(lab.verdict(crls(&[&of_leaves])), "revocation-unknown");
    assert_eq!(lab.verdict(crls(&[&root])), "ok");
}

#[test]
fn a_root_that_revokes_itself_is_no_longer_trusted() {
    let lab = Lab::new();
    let issuing = crl_der(&lab.issuing, &crl_params(1, &[]));
    let root = crl_der(&lab.root, &crl_params(1, &[lab.root.params()]));
    for (root, expected) in [(&root, "revoked"), (&lab.root_crl(), "ok")] {
        assert_eq!(lab.verdict(crls(&[&issuing, root])), expected);
        let leaf_only = crls(&[&issuing, root]).scope(Scope::LeafOnly);
        assert_eq!(lab.verdict(leaf_only), "ok");
    }
}

fn delta(ca: &Ca, crl: &[u8]) -> Vec<u8> {
    ca.rewrite(crl, |tbs| {
        let mut extensions = fields(content(content(&tbs.pop().unwrap())));
        extensions.push(extension(&[0x55, 0x1D, 27], true, &[2, 1, 1]));
        tbs.push(tlv(0xA0, tlv(0x30, extensions.concat())));
    })
}

#[test]
fn a_delta_revokes_and_takes_back_and_is_no_complete_crl() {
    let lab = Lab::new();
    let complete = crl_der(&lab.issuing, &crl_params(1, &[]));
    let stale = {
        let mut params = crl_params(1, &[]);
        (params.this_update, params.next_update) = (NOW - Duration::days(9), NOW - Duration::DAY);
        crl_der(&lab.issuing, &params)
    };
    let delta = |reason| {
        let mut params = crl_params(2, &[&lab.alice]);
        params.revoked_certs[0].reason_code = reason;
        delta(&lab.issuing, &crl_der(&lab.issuing, &params))
    };
    let revokes = delta(Some(rcgen::RevocationReason::CertificateHold));
    let takes_back = delta(Some(rcgen::RevocationReason::RemoveFromCrl));
    for (crls, expected) in [
        ([&complete, &revokes], "revoked"),
        ([&complete, &takes_back], "ok"),
        // One that is up to date says nothing about those that it does not list.
        ([&stale, &takes_back], "crl-expired"),
    ] {
        assert_eq!(lab.with_issuing(&crls.map(Vec::as_slice)), expected);
    }
}

#[test]
fn crls_of_two_points_do_not_replace_each_other() {
    let mut lab = Lab::new();
    let alice = with(lab.alice.clone(), |leaf| {
        leaf.crl_distribution_points = ["http://x/a", "http://x/b"]
            .map(|uri| rcgen::CrlDistributionPoint {
                uris: vec![uri.to_owned()],
            })
            .to_vec();
    });
    lab.leaf = lab.issuing.sign(&alice);
    let crl = |uri: &str, number, revoked: &[&rcgen::CertificateParams]| {
        let mut params = crl_params(number, revoked);
        params.issuing_distribution_point = Some(rcgen::CrlIssuingDistributionPoint {
            distribution_point: rcgen::CrlDistributionPoint {
                uris: vec![uri.to_owned()],
            },
            scope: None,
        });
        crl_der(&lab.issuing, &params)
    };
    let lists = crl("http://x/b", 1, &[&alice]);
    let newer = crl("http://x/b", 5, &[]);
    let other = crl("http://x/a", 5, &[]);
    assert_eq!(lab.with_issuing(&[&other, &lists]), "revoked");
    assert_eq!(lab.with_issuing(&[&newer, &lists]), "ok");
}
