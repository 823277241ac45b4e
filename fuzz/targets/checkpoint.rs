//! A checkpoint of an audit log, as one line of JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki_store::Checkpoint;

fuzz_target!(|text: &str| {
    let Ok(checkpoint) = Checkpoint::parse(text) else {
        return;
    };
    let _ = checkpoint.at();
    assert!(checkpoint.is_by(&[]).is_err());
    let line = checkpoint.to_json();
    assert!(!line.contains('\n'));
    let again = Checkpoint::parse(&line).expect("what is printed can be read");
    assert_eq!(again, checkpoint);
    assert_eq!(again.head(), checkpoint.head());
});
