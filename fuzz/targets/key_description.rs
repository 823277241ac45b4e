//! The extension in which an Android device describes a key.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki_attest::android::KeyDescription;

fuzz_target!(|value: &[u8]| {
    if let Ok(description) = KeyDescription::from_der(value) {
        let json = serde_json::to_value(&description).expect("it is data");
        assert!(json["hardwareEnforced"].is_object());
    }
});
