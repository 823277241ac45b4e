//! What Google says of a device that fetches its keys.

use const_oid::ObjectIdentifier;
use minicbor::Decoder;
use minicbor::decode::Error;
use x509_identity::Certificate;

/// The extension of an attesting key's certificate with the provisioning information: a CBOR map.
const PROVISIONING_INFO: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.30");

/// How many certificates the device was given in the last 30 days: the entry 1. `None` if nothing says so, or in a way
/// that cannot be read. Nothing is decided by it.
pub(super) fn certificates_issued(attesting: &Certificate) -> Option<u64> {
    let extension = attesting.extension(PROVISIONING_INFO)?;
    read(extension.value).ok().flatten()
}

fn read(value: &[u8]) -> Result<Option<u64>, Error> {
    let mut decoder = Decoder::new(value);
    let count = decoder.map()?;
    let count = count.ok_or_else(|| Error::message("a map of indefinite length"))?;
    for _ in 0..count {
        match decoder.u64()? {
            1 => return decoder.u64().map(Some),
            _ => decoder.skip()?,
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_certificates_is_the_entry_1() {
        for (value, number) in [
            (&[0xa1, 0x01, 0x05][..], Some(5)),
            (&[0xa1, 0x01, 0x19, 0x01, 0x00], Some(256)),
            (
                &[
                    0xa2, 0x03, 0x66, b'G', b'o', b'o', b'g', b'l', b'e', 0x01, 0x07,
                ],
                Some(7),
            ),
            (&[0xa1, 0x02, 0x05], None),
            (&[0xa0], None),
            (&[], None),
            (&[0xa1, 0x01], None),
            (&[0xa1, 0x01, 0x20], None),
            (&[0xa1, 0x61, b'1', 0x05], None),
            (&[0xbf, 0x01, 0x05, 0xff], None),
            (
                &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                None,
            ),
        ] {
            assert_eq!(read(value).ok().flatten(), number, "{value:02x?}");
        }
    }
}
