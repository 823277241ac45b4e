//! A PROXY protocol header of either version, in front of whatever follows it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mtls_server::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    let Some((announced, left)) = fuzzing::proxy_protocol(bytes) else {
        return;
    };
    // What follows belongs to TLS: the reader stops at the header's last byte, wherever the rest begins.
    let header = &bytes[..bytes.len() - left];
    assert_eq!(fuzzing::proxy_protocol(header), Some((announced, 0)));
    let followed = [header, b"\x16\x03\x01"].concat();
    assert_eq!(fuzzing::proxy_protocol(&followed), Some((announced, 3)));
    assert!(fuzzing::proxy_protocol(&header[..header.len() - 1]).is_none());
});
