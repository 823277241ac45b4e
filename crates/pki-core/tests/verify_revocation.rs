//! What CRLs do to a path: who is refused, which list counts, and what no list may say.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod verify_kit;

use std::time::Duration as StdDuration;

use pki_core::verify::{
    CrlSet, ExpiredCrl, RevocationReason, Scope, Strictness, TrustAnchors, UnknownStatus,
    VerifyError, VerifyErrorKind,
};
use rcgen::{
    CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CrlIssuingDistributionPoint, CrlScope, KeyUsagePurpose,
};
use rustls_pki_types::CertificateDer;
use time::Duration;
use verify_kit::*;

/// root -> issuing -> alice, with an empty CRL of each CA unless a test says otherwise.
struct Lab {
    root: Ca,
    issuing: Ca,
    alice: CertificateParams,
    leaf: CertificateDer<'static>,
}

fn listed_at(params: &mut CertificateParams, uri: &str) {
    params.crl_distribution_points = vec![CrlDistributionPoint {
        uris: vec![uri.to_owned()],
    }];
}

impl Lab {
    fn new() -> Self {
        let root = root_ca("root");
        let issuing = root
            .issuing("issuing")
            .with(|ca| listed_at(ca, "http://x/root"));
        let alice = with(client("alice"), |leaf| listed_at(leaf, "http://x/a"));
        let leaf = issuing.sign(&alice);
        Self {
            root,
            issuing,
            alice,
            leaf,
        }
    }

    fn root_crl(&self) -> Vec<u8> {
        crl_der(&self.root, &crl_params(1, &[]))
    }

    fn verdict(&self, revocation: pki_core::verify::Revocation) -> &'static str {
        verdict(&self.verify(revocation))
    }

    fn verify(
        &self,
        revocation: pki_core::verify::Revocation,
    ) -> Result<pki_core::verify::Path, VerifyError> {
        let verifier = clients(anchors(&self.root)).revocation(revocation).build();
        verifier.verify(
            &self.leaf,
            std::slice::from_ref(self.issuing.der()),
            at(NOW),
        )
    }

    /// The verdict with these CRLs of the issuing CA beside an empty one of the root.
    fn with_issuing(&self, lists: &[&[u8]]) -> &'static str {
        let root = self.root_crl();
        let files: Vec<&[u8]> = lists.iter().copied().chain([root.as_slice()]).collect();
        self.verdict(crls(&files))
    }
}

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
fn certificate_without_a_list_is_denied_unless_allowed() {
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
fn list_counts_from_this_update_to_next_update() {
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
fn each_key_of_a_rolled_over_root_has_its_own_lists() {
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
fn list_counts_only_within_its_scope() {
    let lab = Lab::new();
    let point = |uri: &str, scope| CrlIssuingDistributionPoint {
        distribution_point: CrlDistributionPoint {
            uris: vec![uri.to_owned()],
        },
        scope,
    };
    let list = |ca: &Ca, revoked: &[&CertificateParams], idp| {
        crl_der(
            ca,
            &CertificateRevocationListParams {
                issuing_distribution_point: Some(idp),
                ..crl_params(1, revoked)
            },
        )
    };
    let users = list(
        &lab.issuing,
        &[],
        point("http://x/a", Some(CrlScope::UserCertsOnly)),
    );
    let cas = list(
        &lab.issuing,
        &[],
        point("http://x/a", Some(CrlScope::CaCertsOnly)),
    );
    let all = list(&lab.issuing, &[], point("http://x/a", None));
    let full_listed = crl_der(&lab.issuing, &crl_params(1, &[&lab.alice]));
    assert_eq!(lab.with_issuing(&[&users]), "ok");
    assert_eq!(lab.with_issuing(&[&all]), "ok");
    assert_eq!(lab.with_issuing(&[&cas]), "revocation-unknown");
    // Another distribution point is another series: neither hides the other.
    assert_eq!(lab.with_issuing(&[&users, &full_listed]), "revoked");
    assert_eq!(lab.with_issuing(&[&cas, &full_listed]), "revoked");

    let issuing_list = crl_der(&lab.issuing, &crl_params(1, &[]));
    for (scope, expected) in [
        (CrlScope::CaCertsOnly, "ok"),
        (CrlScope::UserCertsOnly, "revocation-unknown"),
    ] {
        let root_list = list(&lab.root, &[], point("http://x/root", Some(scope)));
        assert_eq!(lab.verdict(crls(&[&issuing_list, &root_list])), expected);
    }

    // Shards: the certificate says which list is its own.
    let shard =
        |uri: &str, revoked: &[&CertificateParams]| list(&lab.issuing, revoked, point(uri, None));
    let named = with(client("carol"), |leaf| {
        leaf.crl_distribution_points = vec![CrlDistributionPoint {
            uris: vec!["http://x/1".into()],
        }];
    });
    let leaf = lab.issuing.sign(&named);
    for (one, two, expected) in [
        (Some(vec![]), Some(vec![]), "ok"),
        (Some(vec![&named]), Some(vec![]), "revoked"),
        (None, Some(vec![]), "revocation-unknown"),
    ] {
        let mut files = vec![lab.root_crl()];
        files.extend(one.map(|revoked: Vec<_>| shard("http://x/1", &revoked)));
        files.extend(two.map(|revoked: Vec<_>| shard("http://x/2", &revoked)));
        let revocation = crls(&files.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let verifier = clients(anchors(&lab.root)).revocation(revocation).build();
        assert_eq!(
            verdict(&verifier.verify(&leaf, std::slice::from_ref(lab.issuing.der()), at(NOW))),
            expected
        );
    }
}

#[test]
fn issuer_may_sign_lists_unless_its_key_usage_says_no() {
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
fn version_1_list_of_plain_openssl_counts() {
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
fn list_of_a_named_point_is_no_list_of_a_certificate_without_one() {
    let root = root_ca("root");
    let leaf = root.sign(&client("alice"));
    let issuer = content(&crl_der(&root, &crl_params(1, &[]))).to_vec();
    let name = fields(content(&fields(&issuer)[0]))[2].clone();
    let list = |kind: u8, value: &[u8]| {
        root.rewrite(&crl_der(&root, &crl_params(1, &[])), |tbs| {
            let point = tlv(0x30, tlv(0xA0, tlv(0xA0, tlv(kind, value))));
            let idp = extension(&[0x55, 0x1D, 28], true, &point);
            tbs.pop();
            tbs.push(tlv(0xA0, tlv(0x30, &idp)));
        })
    };
    for (what, list, expected) in [
        ("a URI", list(0x86, b"http://x/shard"), "revocation-unknown"),
        ("the issuer itself", list(0xA4, &name), "ok"),
        ("no point", crl_der(&root, &crl_params(1, &[])), "ok"),
    ] {
        let verifier = clients(anchors(&root)).revocation(crls(&[&list])).build();
        let got = verdict(&verifier.verify(&leaf, &[], at(NOW)));
        assert_eq!(got, expected, "{what}");
    }
}

/// The list with one more extension.
fn extended(ca: &Ca, list: &[u8], oid: &[u8], value: &[u8]) -> Vec<u8> {
    ca.rewrite(list, |tbs| {
        let mut extensions = fields(content(content(&tbs.pop().unwrap())));
        extensions.push(extension(oid, true, value));
        tbs.push(tlv(0xA0, tlv(0x30, extensions.concat())));
    })
}

#[test]
fn limited_list_beside_a_complete_one_only_adds_to_it() {
    let lab = Lab::new();
    let ca = &lab.issuing;
    let clean = |number| crl_der(ca, &crl_params(number, &[]));
    let listed = |number| crl_der(ca, &crl_params(number, &[&lab.alice]));
    let delta = |list: &[u8]| extended(ca, list, &[0x55, 0x1D, 27], &[2, 1, 1]);
    let some_reasons = |list: &[u8]| {
        let idp = tlv(0x30, tlv(0x83, [6, 0x40]));
        extended(ca, list, &[0x55, 0x1D, 28], &idp)
    };
    let attributes = |list: &[u8]| {
        let idp = tlv(0x30, tlv(0x85, [0xFF]));
        extended(ca, list, &[0x55, 0x1D, 28], &idp)
    };
    let unknown = |list: &[u8]| extended(ca, list, &[0x2A, 3, 4], &[5, 0]);
    for (what, list, expected) in [
        ("delta adds nothing", delta(&clean(2)), "ok"),
        ("delta adds", delta(&listed(2)), "revoked"),
        ("delta is older", delta(&listed(0)), "ok"),
        ("some reasons, none", some_reasons(&clean(1)), "ok"),
        ("some reasons, one", some_reasons(&listed(1)), "revoked"),
        ("other kind of certificate", attributes(&listed(2)), "ok"),
        ("not understood", unknown(&listed(2)), "ok"),
    ] {
        assert_eq!(lab.with_issuing(&[&clean(1), &list]), expected, "{what}");
        assert_eq!(lab.with_issuing(&[&list, &clean(1)]), expected, "{what}");
        // Alone it is no list, whatever else is loaded.
        let root = lab.root_crl();
        assert!(CrlSet::from_pem_or_der([&list, &root]).is_err(), "{what}");
    }
    let set = CrlSet::from_pem_or_der([clean(1), unknown(&clean(2))]).unwrap();
    assert_eq!((set.len(), set.set_aside().len()), (1, 1));
}

#[test]
fn list_that_has_not_begun_replaces_none() {
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
fn of_two_lists_of_one_age_both_count() {
    let lab = Lab::new();
    let (clean, listed) = (
        crl_der(&lab.issuing, &crl_params(1, &[])),
        crl_der(&lab.issuing, &crl_params(1, &[&lab.alice])),
    );
    assert_eq!(lab.with_issuing(&[&clean, &listed]), "revoked");
    assert_eq!(lab.with_issuing(&[&listed, &clean]), "revoked");
}

#[test]
fn path_that_was_good_is_so_until_a_date_or_a_list_ends() {
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
fn root_that_has_expired_ends_its_paths_where_roots_are_judged() {
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
