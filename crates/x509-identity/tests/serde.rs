//! Names and numbers as texts.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{fmt::Debug, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};
use x509_identity::{DistinguishedName, SerialNumber, SpiffeId};

fn round_trip<T>(text: &str)
where
    T: Serialize + DeserializeOwned + FromStr<Err: Debug> + PartialEq + Debug,
{
    let value: T = text.parse().unwrap();
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(json, serde_json::to_string(text).unwrap());
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
}

#[test]
fn a_value_is_the_text_that_it_prints() {
    round_trip::<SerialNumber>("8A01");
    round_trip::<DistinguishedName>(r"CN=alice\, or not,OU=Operators");
    round_trip::<SpiffeId>("spiffe://example.org/billing");
}

#[test]
fn what_is_not_such_a_text_is_refused_with_the_reason() {
    let error = serde_json::from_str::<SerialNumber>("\"x\"").unwrap_err();
    assert!(error.to_string().contains("not hexadecimal"), "{error}");
    serde_json::from_str::<SerialNumber>("7").unwrap_err();
    serde_json::from_str::<DistinguishedName>("\"alice\"").unwrap_err();
    let error = serde_json::from_str::<SpiffeId>("\"https://a/b\"").unwrap_err();
    assert!(error.to_string().contains("spiffe://"), "{error}");
}
