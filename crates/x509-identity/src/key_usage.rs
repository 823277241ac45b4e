use std::fmt;

use der::asn1::BitStringRef;

use crate::ParseError;
use crate::tlv;

/// What a key may do, as the key usage extension says (RFC 5280 4.2.1.3).
///
/// `Display` is the names of the usages, separated by a comma and a space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyUsage(u16);

/// One usage of [`KeyUsage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum KeyUsageBit {
    /// Bit 0: signatures other than those on certificates and CRLs, such as those of TLS
    /// handshakes.
    DigitalSignature = 1 << 0,
    /// Bit 1, nonRepudiation by its old name.
    ContentCommitment = 1 << 1,
    /// Bit 2: RSA key transport.
    KeyEncipherment = 1 << 2,
    /// Bit 3: encrypting data directly.
    DataEncipherment = 1 << 3,
    /// Bit 4: Diffie-Hellman.
    KeyAgreement = 1 << 4,
    /// Bit 5: signatures on certificates.
    KeyCertSign = 1 << 5,
    /// Bit 6: signatures on revocation lists.
    CrlSign = 1 << 6,
    /// Bit 7: of key agreement, only enciphering.
    EncipherOnly = 1 << 7,
    /// Bit 8: of key agreement, only deciphering.
    DecipherOnly = 1 << 8,
}

impl KeyUsage {
    /// Whether `bit` is set.
    pub fn contains(self, bit: KeyUsageBit) -> bool {
        self.0 & bit as u16 != 0
    }

    /// The usages that are set, in the order of their bits.
    pub fn bits(self) -> impl Iterator<Item = KeyUsageBit> {
        KeyUsageBit::ALL
            .into_iter()
            .filter(move |bit| self.contains(*bit))
    }

    /// Whether no usage is set, which RFC 5280 forbids.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Reads the extension's value. Bits beyond the nine known ones are ignored.
    pub(crate) fn from_extension(value: &[u8]) -> Result<Self, ParseError> {
        let bits: BitStringRef<'_> = tlv::decode(value, "keyUsage")?;
        Ok(Self(
            bits.bits()
                .take(9)
                .enumerate()
                .fold(0, |sum, (index, set)| sum | u16::from(set) << index),
        ))
    }
}

impl FromIterator<KeyUsageBit> for KeyUsage {
    fn from_iter<I: IntoIterator<Item = KeyUsageBit>>(bits: I) -> Self {
        Self(bits.into_iter().fold(0, |sum, bit| sum | bit as u16))
    }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, bit) in self.bits().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", bit.name())?;
        }
        Ok(())
    }
}

impl KeyUsageBit {
    const ALL: [Self; 9] = [
        Self::DigitalSignature,
        Self::ContentCommitment,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::KeyCertSign,
        Self::CrlSign,
        Self::EncipherOnly,
        Self::DecipherOnly,
    ];

    /// The name of the usage in RFC 5280.
    pub fn name(self) -> &'static str {
        match self {
            Self::DigitalSignature => "digitalSignature",
            Self::ContentCommitment => "contentCommitment",
            Self::KeyEncipherment => "keyEncipherment",
            Self::DataEncipherment => "dataEncipherment",
            Self::KeyAgreement => "keyAgreement",
            Self::KeyCertSign => "keyCertSign",
            Self::CrlSign => "cRLSign",
            Self::EncipherOnly => "encipherOnly",
            Self::DecipherOnly => "decipherOnly",
        }
    }
}
