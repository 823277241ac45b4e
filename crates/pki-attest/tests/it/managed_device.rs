//! Managed devices: each check fails alone.

use base16ct::lower::encode_string;
use pki_attest::apple::{
    ExpectedManagedDevice, ManagedDevice, ManagedDeviceRefusal, enterprise_attestation_root,
    verify_managed_device,
};
use pki_attest::simulator::{AndroidSimulator, ManagedDeviceFault, ManagedDeviceSimulator};
use pki_attest::{Binding, ChainFault, Keeper, Verdict};
use rcgen::KeyPair;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-27 12:00 UTC);
const TOKEN: &[u8] = b"evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";

struct Attested {
    apple: ManagedDeviceSimulator,
    key: KeyPair,
    bytes: Vec<u8>,
}

fn device() -> ManagedDevice {
    ManagedDevice {
        serial_number: Some("F17D2X0Q1GHW".to_owned()),
        udid: Some("00008030-001C2D3E4F50002E".to_owned()),
        os_version: Some("27.1".to_owned()),
        sep_os_version: Some("27.1".to_owned()),
        ..ManagedDevice::default()
    }
}

fn attest(fault: Option<ManagedDeviceFault>) -> Attested {
    let apple = ManagedDeviceSimulator::new(NOW).unwrap();
    let key = KeyPair::generate().unwrap();
    let bytes = apple.attest(&key, TOKEN, &device(), fault).unwrap();
    Attested { apple, key, bytes }
}

fn judge(
    it: &Attested,
    token: &[u8],
    public_key: Option<&[u8]>,
) -> Result<Verdict<ManagedDevice>, ManagedDeviceRefusal> {
    let expected = ExpectedManagedDevice { token, public_key };
    verify_managed_device(&it.bytes, &expected, it.apple.root(), NOW)
}

#[test]
fn a_managed_device_is_recognized_by_its_serial_number() {
    let it = attest(None);
    let key = AndroidSimulator::public_key(&it.key);
    let verdict = judge(&it, TOKEN, Some(&key)).unwrap();
    assert_eq!(verdict.binding, Binding::SameKey);
    assert_eq!(verdict.keeper, Keeper::SecureElement);
    let expected = ManagedDevice {
        public_key: key,
        ..device()
    };
    assert_eq!(verdict.claims, expected);
    for (identifier, is) in [
        ("F17D2X0Q1GHW", true),
        ("00008030-001C2D3E4F50002E", true),
        ("f17d2x0q1ghw", false),
        ("27.1", false),
        ("", false),
    ] {
        assert_eq!(verdict.claims.is(identifier), is, "{identifier}");
    }
    // Before there is a request, it is tied to no key, and is the same key.
    let early = judge(&it, TOKEN, None).unwrap();
    assert_eq!((early.binding, &early.id), (Binding::None, &verdict.id));
}

#[test]
fn what_was_made_for_something_else_is_refused() {
    let it = attest(None);
    assert!(matches!(
        judge(&it, b"another token", None),
        Err(ManagedDeviceRefusal::Freshness { .. })
    ));
    let other = AndroidSimulator::public_key(&KeyPair::generate().unwrap());
    assert!(matches!(
        judge(&it, TOKEN, Some(&other)),
        Err(ManagedDeviceRefusal::Key { .. })
    ));
    let expected = ExpectedManagedDevice {
        token: TOKEN,
        public_key: None,
    };
    assert!(matches!(
        verify_managed_device(&it.bytes, &expected, enterprise_attestation_root(), NOW),
        Err(ManagedDeviceRefusal::Chain(ChainFault::Issuer { .. }))
    ));
    let later = NOW + Duration::days(400);
    assert!(matches!(
        verify_managed_device(&it.bytes, &expected, it.apple.root(), later),
        Err(ManagedDeviceRefusal::Chain(ChainFault::Expired { .. }))
    ));
}

#[test]
fn each_fault_has_its_own_refusal() {
    use ManagedDeviceFault as F;
    use ManagedDeviceRefusal as R;
    let refused = |fault| judge(&attest(Some(fault)), TOKEN, None).unwrap_err();
    assert!(matches!(refused(F::Format), R::Format { .. }));
    assert!(matches!(refused(F::NoFreshness), R::NoFreshness));
    assert!(matches!(refused(F::NotText), R::Malformed { .. }));
    assert!(matches!(
        refused(F::OneCertificate),
        R::CertificateCount { seen: 1 }
    ));
    assert!(matches!(
        refused(F::Expired),
        R::Chain(ChainFault::Expired { .. })
    ));
    assert!(matches!(
        refused(F::Extended),
        R::Chain(ChainFault::NotACa { .. })
    ));
    assert!(matches!(
        refused(F::OtherCa),
        R::Chain(ChainFault::Signature { .. })
    ));
}

#[test]
fn a_statement_that_is_cut_off_or_large_is_refused() {
    let mut it = attest(None);
    let whole = it.bytes.clone();
    for length in 0..whole.len() {
        it.bytes = whole[..length].to_vec();
        assert!(judge(&it, TOKEN, None).is_err(), "{length}");
    }
    it.bytes = whole;
    it.bytes.resize(16 * 1024 + 1, 0);
    assert!(matches!(
        judge(&it, TOKEN, None),
        Err(ManagedDeviceRefusal::TooLarge { .. })
    ));
}

#[test]
fn the_root_is_apples() {
    let root = enterprise_attestation_root();
    assert_eq!(
        encode_string(root.fingerprint_sha256()),
        "ccf59ef8fcb3017d97f8b5fa6fa90e7a3f9283f76b55ac6cf6eda8b8b949f05b"
    );
}
