//! A challenge on the command line.

use std::str::FromStr;

use anyhow::{Error, bail};
use base64ct::{Base64, Encoding as _};

/// The octets of a challenge: text, or after `hex:` or `base64:` what that stands for.
#[derive(Clone, Debug)]
pub(super) struct Challenge(pub(super) Vec<u8>);

impl FromStr for Challenge {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(hex) = text.strip_prefix("hex:") {
            return match base16ct::mixed::decode_vec(hex) {
                Ok(octets) => Ok(Self(octets)),
                Err(_) => bail!("what follows `hex:` is not an even number of hex digits"),
            };
        }
        if let Some(base64) = text.strip_prefix("base64:") {
            let Ok(octets) = Base64::decode_vec(base64) else {
                bail!("what follows `base64:` is not base64");
            };
            return Ok(Self(octets));
        }
        Ok(Self(text.as_bytes().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_text_hex_or_base64() {
        let octets = |text: &str| text.parse::<Challenge>().ok().map(|it| it.0);
        assert_eq!(octets("abc"), Some(b"abc".to_vec()));
        assert_eq!(octets("hex:00Ff"), Some(vec![0, 0xff]));
        assert_eq!(octets("base64:AAE="), Some(vec![0, 1]));
        assert_eq!(octets("hex:0"), None);
        assert_eq!(octets("base64:*"), None);
    }
}
