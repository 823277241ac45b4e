//! RSA keys that can be factored.

use crypto_bigint::{U2048, U3072, U4096, U8192, Uint};
use der::asn1::UintRef;
use der::{Decode, Sequence};

use super::error::WeakKey;
use super::{fermat, residues};

/// RFC 8017 appendix A.1.1.
///
/// ```text
/// RSAPublicKey ::= SEQUENCE {
///     modulus           INTEGER,  -- n
///     publicExponent    INTEGER   -- e
/// }
/// ```
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

pub(super) fn check(key: &[u8]) -> Result<(), WeakKey> {
    let key = RsaPublicKey::from_der(key).map_err(|_| WeakKey::Malformed)?;
    check_exponent(key.public_exponent.as_bytes())?;
    let modulus = key.modulus.as_bytes();
    // A number of the modulus's own size: half of the time is spent in each twice as long one.
    match modulus.len() * 8 {
        ..=2048 => check_modulus(read::<{ U2048::LIMBS }>(modulus)),
        2049..=3072 => check_modulus(read::<{ U3072::LIMBS }>(modulus)),
        3073..=4096 => check_modulus(read::<{ U4096::LIMBS }>(modulus)),
        4097..=8192 => check_modulus(read::<{ U8192::LIMBS }>(modulus)),
        _ => Err(WeakKey::TooLarge),
    }
}

/// Odd, from 2^16 + 1 to 2^256 - 1.
fn check_exponent(octets: &[u8]) -> Result<(), WeakKey> {
    let is_odd = octets.last().is_some_and(|last| last & 1 == 1);
    let is_large = match octets {
        [first, _, last] => *first > 1 || *first == 1 && *last >= 1,
        longer => longer.len() > 3,
    };
    if is_odd && is_large && octets.len() <= 32 {
        Ok(())
    } else {
        Err(WeakKey::Exponent)
    }
}

fn check_modulus<const LIMBS: usize>(modulus: Uint<LIMBS>) -> Result<(), WeakKey> {
    residues::check(&modulus)?;
    if fermat::factors(&modulus) {
        return Err(WeakKey::ClosePrimes);
    }
    Ok(())
}

/// `octets` are at most as long as the number.
fn read<const LIMBS: usize>(octets: &[u8]) -> Uint<LIMBS> {
    let mut padded = vec![0; Uint::<LIMBS>::BYTES];
    let start = padded.len().saturating_sub(octets.len());
    padded[start..].copy_from_slice(octets);
    Uint::from_be_slice(&padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponent_is_odd_and_neither_small_nor_huge() {
        let mut largest = [0xff; 32];
        for (octets, good) in [
            (&[3][..], false),
            (&[17], false),
            (&[0xff, 0xff], false),
            (&[1, 0, 0], false),
            (&[1, 0, 1], true),
            (&[1, 0, 2], false),
            (&[1, 0, 3], true),
            (&[2, 0, 1], true),
            (&[0xff, 0xff, 0xff, 0xff, 0xff], true),
            (&largest, true),
            (&[], false),
        ] {
            assert_eq!(check_exponent(octets).is_ok(), good, "{octets:?}");
        }
        largest[31] = 0xfe;
        assert_eq!(check_exponent(&largest), Err(WeakKey::Exponent));
        assert_eq!(check_exponent(&[0xff; 33]), Err(WeakKey::Exponent));
    }
}
