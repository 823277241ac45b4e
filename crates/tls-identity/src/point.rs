//! Two ways to write one public key on a curve.

use spki::SubjectPublicKeyInfoRef;
use spki::der::Decode as _;

/// Whether `short` is the key `long`, and has its point compressed (RFC 5480 section 2.2): its x and, in the first octet,
/// whether y is odd (SEC 1 section 2.3.3). Some CAs and smart cards write it so.
pub(crate) fn is_compressed_form(short: &[u8], long: &[u8]) -> bool {
    let read = |spki| SubjectPublicKeyInfoRef::from_der(spki).ok();
    let (Some(short), Some(long)) = (read(short), read(long)) else {
        return false;
    };
    let (short_point, long_point) = (
        short.subject_public_key.raw_bytes(),
        long.subject_public_key.raw_bytes(),
    );
    let (Some((form, x)), Some((UNCOMPRESSED, both))) =
        (short_point.split_first(), long_point.split_first())
    else {
        return false;
    };
    let is_odd = both.last().is_some_and(|last| last % 2 == 1);
    short.algorithm == long.algorithm
        && both.len() == 2 * x.len()
        && both.starts_with(x)
        && *form == if is_odd { ODD } else { EVEN }
}

const EVEN: u8 = 2;
const ODD: u8 = 3;
const UNCOMPRESSED: &u8 = &4;
