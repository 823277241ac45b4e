//! PBKDF2 and scrypt with the parameters of a file.

use der::asn1::AnyRef;
use scrypt::scrypt;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::budget::Budget;
use super::error::PbeError;
use crate::asn1::{Count, Pbkdf2Params, ScryptParams, oid};
use crate::crypto::{Derivation, DerivationKind, Digest, Prf, pbkdf2, pbkdf2_blocks};

/// PBKDF2 with judged parameters.
#[derive(Debug)]
pub struct Pbkdf2<'a> {
    prf: Prf,
    salt: &'a [u8],
    iterations: u32,
    len: Option<usize>,
}

impl<'a> Pbkdf2<'a> {
    /// Reads an algorithm, and judges what it asks for.
    ///
    /// # Errors
    ///
    /// [`PbeError`] for another algorithm, and for what `budget` does not allow.
    pub fn parse(
        algorithm: &AlgorithmIdentifierRef<'a>,
        budget: &Budget,
    ) -> Result<Self, PbeError> {
        if algorithm.oid != oid::PBKDF2 {
            return Err(PbeError::UnsupportedAlgorithm { oid: algorithm.oid });
        }
        let params: Pbkdf2Params<'_> = parameters(algorithm)?;
        let salt = params.salt.as_bytes();
        budget.limits().check_salt(salt)?;
        let iterations = budget.accept(params.iterations)?;
        let prf = match params.prf {
            // The default of RFC 8018 appendix A.2.
            None => Prf::Hmac(Digest::Sha1),
            Some(prf) => Prf::of(prf.oid).ok_or(PbeError::UnsupportedAlgorithm { oid: prf.oid })?,
        };
        Ok(Self {
            prf,
            salt,
            iterations,
            len: key_length(params.key_length)?,
        })
    }

    /// Octets in the key, if the file says.
    #[must_use]
    pub fn key_len(&self) -> Option<usize> {
        self.len
    }

    /// Where it gains from being done beside others.
    pub(super) fn derivation(&self, len: usize) -> Option<Derivation> {
        let gains = self.prf == Prf::Hmac(Digest::Sha256) && len == 32;
        gains.then(|| Derivation {
            kind: DerivationKind::Pbkdf2Sha256,
            salt: self.salt.to_vec(),
            iterations: self.iterations,
        })
    }

    /// What `len` octets cost, in hash blocks.
    #[must_use]
    pub fn cost(&self, len: usize) -> u64 {
        pbkdf2_blocks(self.prf, self.iterations, len)
    }

    /// Derives `len` octets.
    ///
    /// # Errors
    ///
    /// [`PbeError::LimitExceeded`] if `budget` has fewer hash blocks left.
    pub fn derive(
        &self,
        password: &[u8],
        len: usize,
        budget: &mut Budget,
    ) -> Result<Zeroizing<Vec<u8>>, PbeError> {
        budget.charge(self.cost(len))?;
        Ok(pbkdf2(self.prf, password, self.salt, self.iterations, len))
    }
}

/// scrypt (RFC 7914) with judged parameters.
#[derive(Debug)]
pub(super) struct Scrypt<'a> {
    params: scrypt::Params,
    salt: &'a [u8],
    pub(super) len: Option<usize>,
    memory: u64,
}

impl<'a> Scrypt<'a> {
    pub(super) fn parse(
        algorithm: &AlgorithmIdentifierRef<'a>,
        budget: &Budget,
    ) -> Result<Self, PbeError> {
        let params: ScryptParams<'_> = parameters(algorithm)?;
        let salt = params.salt.as_bytes();
        budget.limits().check_salt(salt)?;
        let (n, r, p) = (params.cost, params.block_size, params.parallelization);
        // RFC 7914 section 2.
        if !n.is_power_of_two() || n < 2 {
            let reason = "scrypt's N is not a power of two above 1";
            return Err(PbeError::UnsupportedParameters { reason });
        }
        let unusable = |_| PbeError::UnsupportedParameters {
            reason: "scrypt's N, r and p do not fit together",
        };
        // Below 64, as there are no more bits.
        let params_of_crate = scrypt::Params::new(n.trailing_zeros() as u8, r, p);
        Ok(Self {
            params: params_of_crate.map_err(unusable)?,
            salt,
            len: key_length(params.key_length)?,
            memory: n
                .saturating_mul(u64::from(r))
                .saturating_mul(u64::from(p))
                .saturating_mul(128),
        })
    }

    /// What it fills, in octets.
    pub(super) fn memory(&self) -> u64 {
        self.memory
    }

    pub(super) fn derive(
        &self,
        password: &[u8],
        len: usize,
        budget: &mut Budget,
    ) -> Result<Zeroizing<Vec<u8>>, PbeError> {
        budget.charge_memory(self.memory)?;
        let mut key = Zeroizing::new(vec![0; len]);
        scrypt(password, self.salt, &self.params, &mut key).map_err(PbeError::malformed)?;
        Ok(key)
    }
}

fn key_length(len: Option<Count>) -> Result<Option<usize>, PbeError> {
    len.map(|len| usize::try_from(len.0))
        .transpose()
        .map_err(|_| PbeError::UnsupportedParameters {
            reason: "the key length is negative",
        })
}

/// Decodes the parameters of an algorithm, which all of ours have.
///
/// # Errors
///
/// [`PbeError::UnsupportedParameters`] if there are none, [`PbeError::Malformed`] if they are of another form.
pub fn parameters<'a, T>(algorithm: &AlgorithmIdentifierRef<'a>) -> Result<T, PbeError>
where
    T: der::DecodeValue<'a, Error = der::Error> + der::FixedTag + 'a,
{
    let any: AnyRef<'a> = algorithm
        .parameters
        .ok_or(PbeError::UnsupportedParameters {
            reason: "there are none",
        })?;
    any.decode_as().map_err(PbeError::malformed)
}
