//! ECDSA signatures, as X.509 has them.

use der::asn1::UintRef;
use der::{Encode, ErrorKind, Sequence, Tag};

/// ```text
/// ECDSA-Sig-Value ::= SEQUENCE {
///      r     INTEGER,
///      s     INTEGER }
/// ```
///
/// (RFC 3279 section 2.2.3.)
#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// A token answers with r and s side by side, each as long as the order of the curve (PKCS#11 section 6.3.1).
pub(crate) fn ecdsa_sig_value(raw: &[u8]) -> der::Result<Vec<u8>> {
    if raw.is_empty() || !raw.len().is_multiple_of(2) {
        let tag = Tag::Integer;
        return Err(ErrorKind::Length { tag }.into());
    }
    let (r, s) = raw.split_at(raw.len() / 2);
    let value = EcdsaSigValue {
        r: UintRef::new(r)?,
        s: UintRef::new(s)?,
    };
    value.to_der()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn halves_become_the_shortest_positive_integers() {
        for (raw, der) in [
            (&[1, 2][..], &[0x30, 6, 2, 1, 1, 2, 1, 2][..]),
            (&[0, 1, 0x80, 2], &[0x30, 8, 2, 1, 1, 2, 3, 0, 0x80, 2]),
        ] {
            assert_eq!(ecdsa_sig_value(raw).unwrap(), der);
        }
        assert!(ecdsa_sig_value(&[]).is_err());
        assert!(ecdsa_sig_value(&[1, 2, 3]).is_err());
    }
}
