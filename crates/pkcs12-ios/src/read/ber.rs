//! BER in, DER out: what stands between files from the field and the derived types.
//!
//! NSS, BouncyCastle and Apple write indefinite lengths and strings in pieces, others lengths that
//! are longer than need be (X.690 sections 8.1.3 and 8.7.3). `der` reads neither definite
//! constructed strings nor long-form lengths, even with its `ber` feature, so one pass turns all
//! of it into DER first. The content of a string is never looked into: certificates, and what a
//! MAC covers, keep their bytes.

use std::ops::Range;

use der::{Encode, Length};
use zeroize::Zeroizing;

use super::error::ReadError;
use super::limits::Limits;
use super::place::{Limit, Place};

/// Transcodes exactly one value.
pub(crate) fn to_der(
    ber: &[u8],
    place: Place,
    limits: &Limits,
) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    // A header grows by an octet at most (from `tag 80 .. 00 00` to `tag 84 ....`), and each has
    // an element of at least four octets. With this room the buffer never moves, and so leaves no
    // copy of a key behind.
    let mut transcoder = Transcoder {
        ber,
        at: 0,
        der: Zeroizing::new(Vec::with_capacity(ber.len() + ber.len() / 4 + 16)),
        nesting: limits.nesting,
    };
    match transcoder.element(0) {
        Ok(()) => {}
        Err(Stop::TooDeep) => {
            limits.check(Limit::Nesting, limits.nesting, limits.nesting + 1)?;
        }
        Err(Stop::Invalid) if place == Place::Pfx => {
            return Err(ReadError::NotPkcs12 {
                offset: transcoder.at,
            });
        }
        Err(Stop::Invalid) => {
            let source = format!("no valid BER at byte {}", transcoder.at).into();
            return Err(ReadError::Malformed { place, source });
        }
    }
    match ber.len() - transcoder.at {
        0 => Ok(transcoder.der),
        len if place == Place::Pfx => Err(ReadError::TrailingData { len }),
        len => {
            let source = format!("{len} bytes follow after its end").into();
            Err(ReadError::Malformed { place, source })
        }
    }
}

/// Why transcoding ended early. Where it did is in the transcoder.
enum Stop {
    Invalid,
    TooDeep,
}

struct Transcoder<'b> {
    ber: &'b [u8],
    at: usize,
    der: Zeroizing<Vec<u8>>,
    nesting: usize,
}

/// Where the content of an element ends.
#[derive(Clone, Copy)]
enum End {
    /// At this offset.
    At(usize),
    /// At an end-of-contents marker.
    Marker,
}

const CONSTRUCTED: u8 = 0x20;
const CLASS: u8 = 0xC0;
const NUMBER: u8 = 0x1F;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x10;
const SET: u8 = 0x11;

impl Transcoder<'_> {
    fn element(&mut self, depth: usize) -> Result<(), Stop> {
        let tag = self.octet()?;
        // Tag numbers above 30 take more octets, and occur in none of our structures.
        if tag & NUMBER == NUMBER || tag == 0 {
            return self.invalid(1);
        }
        let end = self.end_of(tag)?;
        let start = self.der.len();
        let universal = tag & CLASS == 0;
        let tag = match (tag & CONSTRUCTED != 0, universal, tag & NUMBER) {
            (true, true, SEQUENCE | SET) | (true, false, _) => {
                self.children(end, depth)?;
                tag
            }
            (true, true, string) if is_string(string) => {
                self.pieces(string, end, depth)?;
                string
            }
            (true, true, _) | (false, true, SEQUENCE | SET) => return self.invalid(1),
            (false, ..) => {
                let content = self.definite(end)?;
                self.der.extend_from_slice(&self.ber[content]);
                tag
            }
        };
        self.close(tag, start)
    }

    fn children(&mut self, end: End, depth: usize) -> Result<(), Stop> {
        let depth = self.deeper(depth)?;
        while !self.finished(end)? {
            self.element(depth)?;
        }
        Ok(())
    }

    /// The pieces of a constructed string, each of the string's own type or OCTET STRING
    /// (X.690 section 8.23.6).
    fn pieces(&mut self, string: u8, end: End, depth: usize) -> Result<(), Stop> {
        let depth = self.deeper(depth)?;
        while !self.finished(end)? {
            let tag = self.octet()?;
            let piece_end = self.end_of(tag)?;
            match tag {
                tag if tag == string || tag == OCTET_STRING => {
                    let content = self.definite(piece_end)?;
                    self.der.extend_from_slice(&self.ber[content]);
                }
                tag if tag == string | CONSTRUCTED || tag == OCTET_STRING | CONSTRUCTED => {
                    self.pieces(string, piece_end, depth)?;
                }
                _ => return self.invalid(1),
            }
        }
        Ok(())
    }

    /// Puts the header before the content that was written from `start` on.
    fn close(&mut self, tag: u8, start: usize) -> Result<(), Stop> {
        let mut header = [0; 6];
        let length = Length::try_from(self.der.len() - start).map_err(|_| Stop::Invalid)?;
        header[0] = tag;
        let encoded = length
            .encode_to_slice(&mut header[1..])
            .map_err(|_| Stop::Invalid)?
            .len();
        self.der
            .splice(start..start, header[..=encoded].iter().copied());
        Ok(())
    }

    fn finished(&mut self, end: End) -> Result<bool, Stop> {
        match end {
            End::At(end) if self.at > end => self.invalid(0),
            End::At(end) => Ok(self.at == end),
            End::Marker if self.ber[self.at..].starts_with(&[0, 0]) => {
                self.at += 2;
                Ok(true)
            }
            End::Marker => Ok(false),
        }
    }

    /// Reads the length octets (X.690 section 8.1.3).
    fn end_of(&mut self, tag: u8) -> Result<End, Stop> {
        let first = self.octet()?;
        let length = match first {
            0..=0x7F => usize::from(first),
            0x80 if tag & CONSTRUCTED != 0 => return Ok(End::Marker),
            0x81..=0x88 => {
                let mut length: usize = 0;
                for _ in 0x80..first {
                    let next = usize::from(self.octet()?);
                    length = match length.checked_mul(256) {
                        Some(shifted) => shifted | next,
                        None => return self.invalid(1),
                    };
                }
                length
            }
            _ => return self.invalid(1),
        };
        match self.at.checked_add(length) {
            Some(end) if end <= self.ber.len() => Ok(End::At(end)),
            _ => self.invalid(0),
        }
    }

    /// Takes the content of a primitive element.
    fn definite(&mut self, end: End) -> Result<Range<usize>, Stop> {
        let End::At(end) = end else {
            return self.invalid(0);
        };
        let content = self.at..end;
        self.at = end;
        Ok(content)
    }

    fn octet(&mut self) -> Result<u8, Stop> {
        let octet = *self.ber.get(self.at).ok_or(Stop::Invalid)?;
        self.at += 1;
        Ok(octet)
    }

    fn deeper(&self, depth: usize) -> Result<usize, Stop> {
        if depth + 1 > self.nesting {
            Err(Stop::TooDeep)
        } else {
            Ok(depth + 1)
        }
    }

    /// Ends the reading, `back` octets before here.
    fn invalid<T>(&mut self, back: usize) -> Result<T, Stop> {
        self.at -= back;
        Err(Stop::Invalid)
    }
}

/// The string types that occur in names and attributes. A BIT STRING in pieces does not.
fn is_string(number: u8) -> bool {
    const UTF8: u8 = 12;
    const PRINTABLE: u8 = 19;
    const IA5: u8 = 22;
    const BMP: u8 = 30;
    matches!(number, OCTET_STRING | UTF8 | PRINTABLE | IA5 | BMP)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test says what it expects by unwrapping it"
    )]

    use proptest::prelude::*;

    use super::*;

    fn transcode(ber: &[u8]) -> Result<Vec<u8>, ReadError> {
        to_der(ber, Place::Pfx, &Limits::default()).map(|der| der.to_vec())
    }

    #[test]
    fn ber_forms_become_der() {
        let cases: [(&str, &[u8], &[u8]); 7] = [
            ("already DER", &[0x30, 3, 2, 1, 5], &[0x30, 3, 2, 1, 5]),
            (
                "indefinite",
                &[0x30, 0x80, 2, 1, 5, 0, 0],
                &[0x30, 3, 2, 1, 5],
            ),
            (
                "long lengths",
                &[0x30, 0x82, 0, 4, 2, 0x81, 1, 5],
                &[0x30, 3, 2, 1, 5],
            ),
            ("pieces", &[0x24, 6, 4, 1, 7, 4, 1, 8], &[4, 2, 7, 8]),
            (
                "indefinite pieces in pieces",
                &[0x24, 0x80, 0x24, 0x80, 4, 1, 7, 0, 0, 4, 1, 8, 0, 0],
                &[4, 2, 7, 8],
            ),
            (
                "pieces of text",
                &[0x3E, 0x80, 30, 2, 0, 65, 0, 0],
                &[30, 2, 0, 65],
            ),
            (
                "context tag",
                &[0xA0, 0x80, 4, 1, 7, 0, 0],
                &[0xA0, 3, 4, 1, 7],
            ),
        ];
        for (name, ber, der) in cases {
            assert_eq!(transcode(ber).unwrap(), der, "{name}");
        }
    }

    #[test]
    fn what_is_not_ber_is_refused() {
        let cases: [&[u8]; 8] = [
            &[],
            &[0x30],
            &[0x30, 4, 2, 1, 5],
            &[0x30, 0x80, 2, 1, 5],
            &[0x04, 0x80, 0, 0],
            &[0x10, 0],
            &[0x3F, 0x81, 0, 0],
            &[0x24, 3, 2, 1, 5],
        ];
        for ber in cases {
            assert!(
                matches!(transcode(ber), Err(ReadError::NotPkcs12 { .. })),
                "{ber:02x?}"
            );
        }
        assert!(matches!(
            transcode(&[5, 0, 9]),
            Err(ReadError::TrailingData { len: 1 })
        ));
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |levels| [[0x30, 0x80].repeat(levels), [0, 0].repeat(levels)].concat();
        assert!(transcode(&nested(16)).is_ok());
        let refused = transcode(&nested(17));
        assert!(matches!(
            refused,
            Err(ReadError::LimitExceeded {
                what: Limit::Nesting,
                ..
            })
        ));
        assert!(transcode(&[0x24, 0x80].repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_input_panics_or_moves_the_buffer(ber in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = transcode(&ber);
        }

        #[test]
        fn der_comes_out_as_it_went_in(content in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let octets = der::asn1::OctetString::new(content).unwrap();
            let der = vec![octets.clone(), octets].to_der().unwrap();
            prop_assert_eq!(transcode(&der).unwrap(), der);
        }
    }
}
