//! Authenticator data (WebAuthn section 6.1), as App Attest fills them.

use minicbor::Decoder;
use minicbor::decode::Error;

use super::cbor::{each_key, end};
use super::{AppleRefusal, Category};

const WHAT: &str = "the authenticator data";

/// The part that attestations and assertions have.
pub(super) struct Header<'a> {
    pub(super) rp_id_hash: &'a [u8; 32],
    pub(super) counter: u32,
    /// What follows.
    pub(super) rest: &'a [u8],
}

impl<'a> Header<'a> {
    pub(super) fn read(data: &'a [u8]) -> Result<Self, AppleRefusal> {
        let short = || AppleRefusal::malformed(WHAT)("they are shorter than 37 bytes");
        let (rp_id_hash, rest) = data.split_first_chunk::<32>().ok_or_else(short)?;
        let (_flags, rest) = rest.split_first_chunk::<1>().ok_or_else(short)?;
        let (counter, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        Ok(Self {
            rp_id_hash,
            counter: u32::from_be_bytes(*counter),
            rest,
        })
    }
}

/// What an attestation says of the key.
pub(super) struct AttestedCredential<'a> {
    pub(super) aaguid: &'a [u8; 16],
    pub(super) credential_id: &'a [u8; 32],
    /// The uncompressed point.
    pub(super) public_key: [u8; 65],
    pub(super) extensions: Extensions,
}

/// What iOS 27 and later add, although the flag for extensions stays 0.
#[derive(Default)]
pub(super) struct Extensions {
    pub(super) category: Option<Category>,
    pub(super) bundle_version: Option<String>,
}

impl<'a> AttestedCredential<'a> {
    /// `rest` is what follows the header.
    pub(super) fn read(rest: &'a [u8]) -> Result<Self, AppleRefusal> {
        let short = || AppleRefusal::malformed(WHAT)("they end within the credential");
        let (aaguid, rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
        // The length is not to be trusted: an identifier has 32 bytes.
        let (_length, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
        let (credential_id, rest) = rest.split_first_chunk::<32>().ok_or_else(short)?;
        let mut decoder = Decoder::new(rest);
        let public_key = cose_key(&mut decoder).map_err(AppleRefusal::malformed("the COSE key"))?;
        let extensions = match decoder.position() == rest.len() {
            true => Extensions::default(),
            false => extensions(&mut decoder).map_err(AppleRefusal::malformed(
                "the extensions of the authenticator data",
            ))?,
        };
        Ok(Self {
            aaguid,
            credential_id,
            public_key,
            extensions,
        })
    }
}

/// A key of EC2 on P-256 (RFC 9053 section 7.1.1), as an uncompressed point.
fn cose_key(decoder: &mut Decoder<'_>) -> Result<[u8; 65], Error> {
    let entries = decoder.map()?;
    if entries != Some(5) {
        return Err(Error::message("a key on P-256 has five parameters"));
    }
    let (mut kind, mut algorithm, mut curve, mut x, mut y) = (None, None, None, None, None);
    for _ in 0..5 {
        match decoder.i8()? {
            1 => kind = Some(decoder.i8()?),
            3 => algorithm = Some(decoder.i8()?),
            -1 => curve = Some(decoder.i8()?),
            -2 => x = Some(decoder.bytes()?),
            -3 => y = Some(decoder.bytes()?),
            _ => return Err(Error::message("a parameter that is unknown")),
        }
    }
    if (kind, algorithm, curve) != (Some(2), Some(-7), Some(1)) {
        return Err(Error::message("it is not for ECDSA on P-256 with SHA-256"));
    }
    let mut point = [4_u8; 65];
    let (to_x, to_y) = point[1..].split_at_mut(32);
    for (to, from) in [(to_x, x), (to_y, y)] {
        match from {
            Some(from) if from.len() == 32 => to.copy_from_slice(from),
            _ => return Err(Error::message("a coordinate does not have 32 bytes")),
        }
    }
    Ok(point)
}

fn extensions(decoder: &mut Decoder<'_>) -> Result<Extensions, Error> {
    let mut extensions = Extensions::default();
    each_key(decoder, |key, decoder| {
        match key {
            "apple_validation_category_01" => {
                let number = <[u8; 4]>::try_from(decoder.bytes()?);
                let number = number.map_err(|_| Error::message("a category has four bytes"))?;
                extensions.category = Some(Category::from_number(u32::from_le_bytes(number)));
            }
            "apple_bundle_version_01" => {
                extensions.bundle_version = Some(decoder.str()?.to_owned());
            }
            _ => decoder.skip()?,
        }
        Ok(())
    })?;
    end(decoder)?;
    Ok(extensions)
}
