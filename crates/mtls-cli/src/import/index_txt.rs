//! `index.txt`, the database of `openssl ca` and easy-rsa.
//!
//! Six fields, separated by tabs: status, end of validity, revocation date with reason, serial number, file name and
//! subject (openssl-ca(1), apps/ca.c). Dates are UTCTime or GeneralizedTime.

use pki_core::verify::RevocationReason;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};
use x509_identity::SerialNumber;

/// A line: a certificate that was issued.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct IndexEntry {
    pub(crate) serial: SerialNumber,
    pub(crate) not_after: OffsetDateTime,
    pub(crate) revoked: Option<(OffsetDateTime, RevocationReason)>,
    /// As OpenSSL prints it: `/C=DE/CN=alice`.
    pub(crate) subject: String,
}

/// A line that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(crate) struct IndexError {
    /// Counted from 1.
    line: usize,
    reason: &'static str,
}

/// Reads the whole file.
///
/// # Errors
///
/// The first line that cannot be read: a certificate that is left out could not be revoked.
pub(crate) fn parse(text: &str) -> Result<Vec<IndexEntry>, IndexError> {
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            entry(line).map_err(|reason| IndexError {
                line: index + 1,
                reason,
            })
        })
        .collect()
}

fn entry(line: &str) -> Result<IndexEntry, &'static str> {
    let fields: Vec<_> = line.split('\t').collect();
    let [status, end, revoked, serial, _file, subject] = fields.as_slice() else {
        return Err("it does not have the six fields of index.txt, separated by tabs");
    };
    let revoked = match (*status, *revoked) {
        ("V" | "E", "") => None,
        // `openssl ca -updatedb` marks what was revoked as expired, too, and keeps the date.
        ("R" | "E", revoked) if !revoked.is_empty() => Some(revocation(revoked)?),
        ("R", _) => return Err("a revoked certificate has no revocation date"),
        ("V", _) => return Err("a valid certificate has a revocation date"),
        _ => return Err("the status is neither V, R nor E"),
    };
    Ok(IndexEntry {
        serial: serial
            .parse()
            .map_err(|_| "the serial number is not hexadecimal")?,
        not_after: date(end).ok_or("the end of validity is not a date")?,
        revoked,
        subject: (*subject).to_owned(),
    })
}

/// `date[,reason[,detail]]`.
fn revocation(text: &str) -> Result<(OffsetDateTime, RevocationReason), &'static str> {
    let mut parts = text.split(',');
    let at = date(parts.next().unwrap_or_default()).ok_or("the revocation date is not a date")?;
    let reason = match parts.next().unwrap_or("unspecified") {
        "unspecified" => RevocationReason::Unspecified,
        // `-crl_compromise`, with the time of the compromise.
        "keyCompromise" | "keyTime" => RevocationReason::KeyCompromise,
        "CACompromise" | "CAkeyTime" => RevocationReason::CaCompromise,
        "affiliationChanged" => RevocationReason::AffiliationChanged,
        "superseded" => RevocationReason::Superseded,
        "cessationOfOperation" => RevocationReason::CessationOfOperation,
        // A hold names an instruction.
        "certificateHold" | "holdInstruction" => RevocationReason::CertificateHold,
        "removeFromCRL" => return Err("removeFromCRL is not a reason to be on a complete CRL"),
        _ => return Err("the reason of the revocation is not known"),
    };
    Ok((at, reason))
}

/// `YYMMDDHHMMSSZ` (RFC 5280 4.1.2.5.1) or `YYYYMMDDHHMMSSZ`.
fn date(text: &str) -> Option<OffsetDateTime> {
    let digits = text.strip_suffix('Z')?;
    let long = match digits.len() {
        12 => {
            let year: u32 = digits.get(..2)?.parse().ok()?;
            format!("{}{digits}", if year < 50 { "20" } else { "19" })
        }
        14 => digits.to_owned(),
        _ => return None,
    };
    let form = format_description!("[year][month][day][hour][minute][second]");
    PrimitiveDateTime::parse(&long, &form)
        .ok()
        .map(PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_lines_of_openssl_are_read() {
        let text = "V\t270101000000Z\t\t01\tunknown\t/CN=alice\n\
                    R\t20500101000000Z\t261127083000Z,keyCompromise\t0A1B\tunknown\t/C=DE/CN=bob\n\
                    R\t270101000000Z\t261127083000Z\t02\tunknown\t/CN=carol\n\
                    E\t200101000000Z\t\t03\tunknown\t/CN=dave\n";
        let entries = parse(text).unwrap();
        let at = datetime!(2026-11-27 08:30 UTC);
        assert_eq!(entries[0].not_after, datetime!(2027-01-01 0:00 UTC));
        assert_eq!(
            entries.iter().map(|one| one.revoked).collect::<Vec<_>>(),
            [
                None,
                Some((at, RevocationReason::KeyCompromise)),
                Some((at, RevocationReason::Unspecified)),
                None
            ]
        );
        assert_eq!(entries[1].serial.to_string(), "0A1B");
        assert_eq!(entries[1].not_after, datetime!(2050-01-01 0:00 UTC));
        assert_eq!(entries[1].subject, "/C=DE/CN=bob");
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        for (line, words) in [
            ("V\t270101000000Z\t\t01\tunknown", "six fields"),
            ("V 270101000000Z 01 unknown /CN=a", "six fields"),
            ("X\t270101000000Z\t\t01\tunknown\t/CN=a", "status"),
            ("V\t2701Z\t\t01\tunknown\t/CN=a", "end of validity"),
            ("V\t279901000000Z\t\t01\tunknown\t/CN=a", "end of validity"),
            ("V\t270101000000Z\t\tno\tunknown\t/CN=a", "serial"),
            (
                "R\t270101000000Z\t\t01\tunknown\t/CN=a",
                "no revocation date",
            ),
            (
                "V\t270101000000Z\t261127083000Z\t01\tunknown\t/CN=a",
                "has a revocation date",
            ),
            (
                "R\t270101000000Z\t261127083000Z,because\t01\tunknown\t/CN=a",
                "reason",
            ),
            ("R\t270101000000Z\tå\t01\tunknown\t/CN=a", "revocation date"),
        ] {
            let text = format!("V\t270101000000Z\t\t0F\tunknown\t/CN=x\n\n{line}\n");
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.starts_with("line 3: "), "{error}");
            assert!(error.contains(words), "{line}: {error}");
        }
    }
}
