//! Which of several CRLs of one issuer counts, and from when to when.

use std::time::Duration as StdDuration;

use pki_core::verify::{ExpiredCrl, TrustAnchors, UnknownStatus};
use rcgen::{CertificateParams, CertificateRevocationListParams};
use time::Duration;

use crate::verify_kit::*;

#[test]
fn crl_counts_from_this_update_to_next_update() {
    let lab = Lab::new();
    let day = ExpiredCrl::Deny {
        grace: StdDuration::from_secs(86_400),
    };
    let second = Duration::SECOND;
    // next update, strict, a day of grace, expiry allowed
    for (next_update, strict, grace, allow) in [
        (NOW, "ok", "ok", "ok"),
        (NOW - second, "crl-expired", "ok", "ok"),
        (NOW - Duration::DAY, "crl-expired", "ok", "ok"),
        (
            NOW - Duration::DAY - second,
            "crl-expired",
            "crl-expired",
            "ok",
        ),
    ] {
        let dated = |revoked: &[&CertificateParams]| CertificateRevocationListParams {
            this_update: NOW - Duration::days(9),
            next_update,
            ..crl_params(1, revoked)
        };
        let (clean, listed) = (
            crl_der(&lab.issuing, &dated(&[])),
            crl_der(&lab.issuing, &dated(&[&lab.alice])),
        );
        let root = lab.root_crl();
        for (policy, expected) in [
            (ExpiredCrl::default(), strict),
            (day, grace),
            (ExpiredCrl::Allow, allow),
        ] {
            assert_eq!(
                lab.verdict(crls(&[&clean, &root]).expired(policy)),
                expected,
                "{next_update} {policy:?}"
            );
            // Listed on an old list is listed.
            assert_eq!(
                lab.verdict(crls(&[&listed, &root]).expired(policy)),
                "revoked"
            );
        }
    }
    for (this_update, expected) in [
        (NOW + Duration::minutes(5), "ok"),
        (NOW + Duration::minutes(5) + second, "crl-not-yet-valid"),
    ] {
        let params = CertificateRevocationListParams {
            this_update,
            ..crl_params(1, &[])
        };
        assert_eq!(
            lab.with_issuing(&[&crl_der(&lab.issuing, &params)]),
            expected
        );
    }
}

#[test]
fn highest_number_that_the_issuer_signed_counts() {
    let lab = Lab::new();
    let list = |ca: &Ca, number, minutes, revoked: &[&CertificateParams]| {
        crl_der(
            ca,
            &CertificateRevocationListParams {
                this_update: NOW - Duration::hours(1) + Duration::minutes(minutes),
                ..crl_params(number, revoked)
            },
        )
    };
    let impostor = root_ca("issuing");
    let (old_clean, new_listed) = (
        list(&lab.issuing, 9, 0, &[]),
        list(&lab.issuing, 256, 0, &[&lab.alice]),
    );
    let (old_listed, new_clean) = (
        list(&lab.issuing, 9, 0, &[&lab.alice]),
        list(&lab.issuing, 256, 0, &[]),
    );
    let (twin_clean, twin_listed) = (
        list(&lab.issuing, 9, 1, &[]),
        list(&lab.issuing, 9, 1, &[&lab.alice]),
    );
    let forged_clean = list(&impostor, 999, 0, &[]);
    for (name, a, b, expected) in [
        ("new one lists", &old_clean, &new_listed, "revoked"),
        ("new one does not", &old_listed, &new_clean, "ok"),
        (
            "same number, later one lists",
            &old_clean,
            &twin_listed,
            "revoked",
        ),
        (
            "same number, later one does not",
            &old_listed,
            &twin_clean,
            "ok",
        ),
        (
            "forged one is passed over",
            &old_listed,
            &forged_clean,
            "revoked",
        ),
        (
            "forged one does not hide a good one",
            &old_clean,
            &forged_clean,
            "ok",
        ),
        (
            "forged alone",
            &forged_clean,
            &forged_clean,
            "crl-bad-signature",
        ),
    ] {
        assert_eq!(lab.with_issuing(&[a, b]), expected, "{name}");
        assert_eq!(lab.with_issuing(&[b, a]), expected, "{name}, other order");
    }
    let root = lab.root_crl();
    let lenient = crls(&[&forged_clean, &root]).unknown(UnknownStatus::Allow);
    assert_eq!(lab.verdict(lenient), "crl-bad-signature");
}

#[test]
fn each_key_of_a_rolled_over_root_has_its_own_crls() {
    let (old, new) = (root_ca("root"), root_ca("root"));
    let (alice, bob) = (client("alice"), client("bob"));
    let leaves = [old.sign(&alice), new.sign(&bob)];
    let anchors = TrustAnchors::from_certs([old.der(), new.der()]).unwrap();
    for (revoked_by_old, revoked_by_new, expected) in [
        (vec![], vec![], ["ok", "ok"]),
        (vec![&alice], vec![], ["revoked", "ok"]),
        (vec![], vec![&bob], ["ok", "revoked"]),
    ] {
        let files = [
            crl_der(&old, &crl_params(70, &revoked_by_old)),
            crl_der(&new, &crl_params(1, &revoked_by_new)),
        ];
        let revocation = crls(&[&files[0], &files[1]]);
        let verifier = clients(anchors.clone()).revocation(revocation).build();
        let got = leaves
            .each_ref()
            .map(|leaf| verdict(&verifier.verify(leaf, &[], at(NOW))));
        assert_eq!(got, expected);
    }
}

#[test]
fn crl_that_has_not_begun_does_not_replace_another() {
    let lab = Lab::new();
    let list = |number, start, revoked: &[&CertificateParams]| {
        crl_der(
            &lab.issuing,
            &CertificateRevocationListParams {
                this_update: NOW + start,
                ..crl_params(number, revoked)
            },
        )
    };
    let present = list(1, -Duration::hours(1), &[]);
    let next = list(2, Duration::hours(1), &[]);
    let next_listed = list(2, Duration::hours(1), &[&lab.alice]);
    assert_eq!(lab.with_issuing(&[&present, &next]), "ok");
    assert_eq!(lab.with_issuing(&[&present, &next_listed]), "revoked");
    assert_eq!(lab.with_issuing(&[&next]), "crl-not-yet-valid");
}

#[test]
fn of_two_crls_of_one_age_both_count() {
    let lab = Lab::new();
    let (clean, listed) = (
        crl_der(&lab.issuing, &crl_params(1, &[])),
        crl_der(&lab.issuing, &crl_params(1, &[&lab.alice])),
    );
    assert_eq!(lab.with_issuing(&[&clean, &listed]), "revoked");
    assert_eq!(lab.with_issuing(&[&listed, &clean]), "revoked");
}
