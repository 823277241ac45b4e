//! Numbers and octets of a description in JSON, as Google's own verifier writes them.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize as _, Serializer};

pub(super) fn decimal<N: Display, S: Serializer>(
    number: &N,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

#[expect(clippy::ref_option, reason = "serde passes a reference")]
pub(super) fn maybe_decimal<S: Serializer>(
    number: &Option<i128>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    number.map(|it| it.to_string()).serialize(serializer)
}

#[expect(clippy::ref_option, reason = "serde passes a reference")]
pub(super) fn decimals<S: Serializer>(
    numbers: &Option<Vec<i128>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(numbers.iter().flatten().map(ToString::to_string))
}

pub(super) fn octets<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&STANDARD.encode(octets))
}

#[expect(clippy::ref_option, reason = "serde passes a reference")]
pub(super) fn maybe_octets<S: Serializer>(
    octets: &Option<Vec<u8>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    octets
        .as_ref()
        .map(|it| STANDARD.encode(it))
        .serialize(serializer)
}

pub(super) fn list_of_octets<S: Serializer>(
    list: &[Vec<u8>],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(|octets| STANDARD.encode(octets)))
}
