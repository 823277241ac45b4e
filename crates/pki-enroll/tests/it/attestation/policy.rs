//! What a profile may ask of devices, and what makes no sense.

use pki_enroll::{AttestationPolicy, AttestationPolicyError, AttestationRequirement, EvidenceKind};

use crate::support::devices::{Platforms, alone, policy};

type E = AttestationPolicyError;

fn refused(change: impl FnOnce(&mut AttestationPolicy)) -> Option<E> {
    let mut changed = alone();
    change(&mut changed);
    AttestationRequirement::new(changed, Platforms::new().sources()).err()
}

#[test]
fn a_policy_that_no_device_could_meet_is_refused() {
    assert_eq!(refused(|_| ()), None);
    assert_eq!(refused(|it| *it = policy()), None);
    assert_eq!(refused(|it| it.kinds.clear()), Some(E::NoKinds));
    assert_eq!(refused(|it| it.apple = None), Some(E::NoApps));
    assert_eq!(
        refused(|it| it.android.packages.clear()),
        Some(E::NoPackages)
    );
    let same_key = |it: &mut AttestationPolicy| it.minimum.binding = pki_attest::Binding::SameKey;
    assert_eq!(refused(same_key), Some(E::Unreachable));
    assert_eq!(
        refused(|it| it
            .kinds
            .retain(|kind| *kind != EvidenceKind::AppleAppAttest)),
        Some(E::NoRegistration)
    );
    assert_eq!(refused(|it| it.names.clear()), Some(E::NoNames));
    assert_eq!(
        refused(|it| it.credential = policy().credential),
        Some(E::NamesUnused)
    );
    for name in [
        "cn:phone",
        "{device_id}.{model}",
        "*.{device_id}.example.org",
        "uri:{device_id}",
    ] {
        let seen = refused(|it| it.names = vec![name.into()]);
        assert_eq!(seen, Some(E::Name(name.into())));
    }
    let mut sources = Platforms::new().sources();
    sources.android_status = None;
    let without = AttestationRequirement::new(alone(), sources.clone()).err();
    assert_eq!(without, Some(E::NoStatusList));
    let mut careless = alone();
    careless.android.status_max_age_hours = None;
    assert!(AttestationRequirement::new(careless, sources).is_ok());
}

#[test]
fn a_policy_explains_itself() {
    let said = alone().explain().join("\n");
    for part in [
        "`android-key`",
        "at least `csr-hash`",
        "`cn:{device_id}`",
        "evidence for each renewal",
        "`1234567890.com.example.app`, attested in production",
        "`com.example.app` signed by abab",
        "a locked bootloader",
        "the last 24 h",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
