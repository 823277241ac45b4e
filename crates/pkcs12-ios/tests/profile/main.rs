//! Profiles, read back by other libraries.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping it or else"
)]

mod enrollment;
mod payloads;
mod signature;
#[path = "../support/mod.rs"]
mod support;

use pkcs12_ios::ProfileBuilder;
use plist::{Dictionary, Value};

fn parse(profile: ProfileBuilder) -> Dictionary {
    parse_xml(&profile.build().unwrap().to_xml().unwrap())
}

fn parse_xml(xml: &[u8]) -> Dictionary {
    assert!(xml.starts_with(b"<?xml"));
    let value = Value::from_reader_xml(xml).unwrap();
    value.into_dictionary().unwrap()
}

fn payloads(profile: &Dictionary) -> Vec<&Dictionary> {
    let payloads = profile.get("PayloadContent").unwrap().as_array().unwrap();
    payloads
        .iter()
        .map(|payload| payload.as_dictionary().unwrap())
        .collect()
}

fn text<'a>(payload: &'a Dictionary, key: &str) -> &'a str {
    payload.get(key).unwrap().as_string().unwrap()
}
