//! How base64 is broken into lines.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// No form is read by all clients.
///
/// strongSwan takes a line feed for a part of what it decodes. libest reads the certificates of the CA by `BIO_f_base64` of
/// OpenSSL, which skips a first line of more than 1024 characters: so it has one with two certificates in it. Most others
/// read both forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// One, for whoever does not say who it is.
    One,
    /// As in PEM (RFC 7468).
    Wrapped,
}

impl Lines {
    /// That of the client that asks, by its `User-Agent`: `libest client 1.0`, `libest 3.2.0p`, `Cisco EST client 2.0`.
    pub(super) fn for_client(headers: &HeaderMap) -> Self {
        let agent = headers.get(USER_AGENT).map(|it| it.as_bytes());
        let agent = agent.unwrap_or_default().to_ascii_lowercase();
        let is_libest = LIBEST.iter().any(|name| agent.starts_with(name));
        if is_libest { Self::Wrapped } else { Self::One }
    }

    /// In base64, with a line feed behind each line.
    pub(super) fn encode(self, der: &[u8]) -> String {
        let octets = match self {
            Self::One => der.len().max(1),
            Self::Wrapped => OCTETS_OF_LINE,
        };
        let mut text = String::new();
        for line in der.chunks(octets) {
            STANDARD.encode_string(line, &mut text);
            text.push('\n');
        }
        text
    }
}

/// As their requests begin, in small letters.
const LIBEST: [&[u8]; 2] = [b"libest", b"cisco est client"];
/// 64 characters.
const OCTETS_OF_LINE: usize = 48;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use axum::http::HeaderValue;

    use super::*;

    fn of(agent: &[u8]) -> Lines {
        let agent = HeaderValue::from_bytes(agent).unwrap();
        Lines::for_client(&HeaderMap::from_iter([(USER_AGENT, agent)]))
    }

    #[test]
    fn libest_is_known_by_each_name_that_it_has_had() {
        for agent in [
            "libest client 1.0",
            "libest 3.2.0p",
            "Cisco EST client 2.0 with BRSKI",
        ] {
            assert_eq!(of(agent.as_bytes()), Lines::Wrapped, "{agent}");
        }
        for agent in [
            "curl/8.5.0",
            "Go-http-client/1.1",
            "not libest",
            "",
            "libes",
        ] {
            assert_eq!(of(agent.as_bytes()), Lines::One, "{agent}");
        }
        assert_eq!(of(b"\xff\xfe"), Lines::One);
        assert_eq!(Lines::for_client(&HeaderMap::new()), Lines::One);
    }

    #[test]
    fn both_forms_are_the_same_octets() {
        for length in [1, 47, 48, 49, 96, 2000] {
            let der = vec![0x30; length];
            let one = Lines::One.encode(&der);
            assert_eq!(one.find('\n'), Some(one.len() - 1));
            let wrapped = Lines::Wrapped.encode(&der);
            assert!(wrapped.ends_with('\n') && wrapped.lines().all(|it| it.len() <= 64));
            assert_eq!(wrapped.replace('\n', ""), one.trim_end());
        }
    }
}
