//! Random bytes from the operating system's generator.

use aws_lc_rs::error::Unspecified;

/// `N` fresh random bytes.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], Unspecified> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(bytes)
}
