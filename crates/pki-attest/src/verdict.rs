//! What evidence proves, in terms that a profile can ask for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How closely evidence is tied to the key that is to be certified. Later ones prove more.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Binding {
    /// Not at all: there is a genuine app or device, and somebody's key.
    None,
    /// What was attested signed over the hash of the certificate request: a genuine app asked for this certificate.
    /// Where the key is, nothing says.
    CsrHash,
    /// The attested key is the key of the certificate request.
    SameKey,
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::CsrHash => "csr-hash",
            Self::SameKey => "same-key",
        })
    }
}

/// Where a key is kept. Later ones are harder to take it out of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Keeper {
    /// The operating system.
    Software,
    /// A trusted execution environment of the main processor.
    TrustedEnvironment,
    /// A chip of its own: Apple's Secure Enclave, Android's StrongBox.
    SecureElement,
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Software => "software",
            Self::TrustedEnvironment => "trusted-environment",
            Self::SecureElement => "secure-element",
        })
    }
}

/// What evidence proves that has passed every check.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Verdict<Claims> {
    /// How closely it is tied to the key of the certificate request.
    pub binding: Binding,
    /// Where the attested key is kept.
    pub keeper: Keeper,
    /// The SHA-256 of the attested public key, in lower-case hex: the same for as long as the key lives.
    pub id: String,
    /// What the platform says besides.
    pub claims: Claims,
}

/// The least that a profile asks of evidence.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Minimum {
    /// How closely evidence has to be tied to the key of the certificate request.
    pub binding: Binding,
    /// Where the attested key has to be kept.
    pub keeper: Keeper,
}

/// Evidence that is genuine, and proves less than is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TooLittle {
    /// The tie to the key.
    #[error(
        "the evidence is tied to the key by `{seen}`, where at least `{expected}` is asked for"
    )]
    Binding {
        /// The least that is asked for.
        expected: Binding,
        /// What there is.
        seen: Binding,
    },
    /// The place of the key.
    #[error("the attested key is kept by `{seen}`, where at least `{expected}` is asked for")]
    Keeper {
        /// The least that is asked for.
        expected: Keeper,
        /// What there is.
        seen: Keeper,
    },
}

impl Minimum {
    /// Whether a verdict says as much.
    ///
    /// # Errors
    ///
    /// If it says less, what.
    pub fn check<Claims>(&self, verdict: &Verdict<Claims>) -> Result<(), TooLittle> {
        if verdict.binding < self.binding {
            return Err(TooLittle::Binding {
                expected: self.binding,
                seen: verdict.binding,
            });
        }
        if verdict.keeper < self.keeper {
            return Err(TooLittle::Keeper {
                expected: self.keeper,
                seen: verdict.keeper,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimum_refuses_what_proves_less() {
        let verdict = |binding, keeper| Verdict {
            binding,
            keeper,
            id: String::new(),
            claims: (),
        };
        let minimum = Minimum {
            binding: Binding::CsrHash,
            keeper: Keeper::TrustedEnvironment,
        };
        assert_eq!(
            minimum.check(&verdict(Binding::SameKey, Keeper::SecureElement)),
            Ok(())
        );
        assert_eq!(
            minimum.check(&verdict(Binding::CsrHash, Keeper::TrustedEnvironment)),
            Ok(())
        );
        assert!(matches!(
            minimum.check(&verdict(Binding::None, Keeper::SecureElement)),
            Err(TooLittle::Binding { .. })
        ));
        assert!(matches!(
            minimum.check(&verdict(Binding::SameKey, Keeper::Software)),
            Err(TooLittle::Keeper { .. })
        ));
    }
}
