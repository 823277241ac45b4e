//! Which certificates Google has withdrawn.

use std::collections::HashMap;

use serde::Deserialize;
use time::OffsetDateTime;
use x509_identity::Certificate;

use super::refusal::AndroidRefusal;

/// The list at `https://android.googleapis.com/attestation/status`, which the caller fetches.
#[derive(Clone, Debug)]
pub struct StatusList {
    entries: HashMap<String, Entry>,
    fetched: OffsetDateTime,
}

#[derive(Clone, Debug, Deserialize)]
struct Entry {
    status: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    entries: HashMap<String, Entry>,
}

/// The most bytes of a list. It has some hundred kilobytes.
const LIMIT: usize = 16 << 20;

/// Why a status list cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatusError {
    /// It is larger than any genuine one.
    #[error("the list of withdrawn certificates has {got} bytes, and at most {limit} are read", limit = LIMIT)]
    TooLarge {
        /// Its size, in bytes.
        got: usize,
    },
    /// It is not the JSON that it should be.
    #[error("the list of withdrawn certificates cannot be read")]
    Json(#[from] serde_json::Error),
}

impl StatusList {
    /// Reads the JSON that was fetched at `fetched`.
    ///
    /// # Errors
    ///
    /// If it is not that JSON, or has more than 16 MiB.
    pub fn from_json(json: &[u8], fetched: OffsetDateTime) -> Result<Self, StatusError> {
        if json.len() > LIMIT {
            return Err(StatusError::TooLarge { got: json.len() });
        }
        let document: Document = serde_json::from_slice(json)?;
        let entries = document.entries.into_iter();
        Ok(Self {
            entries: entries
                .map(|(serial, entry)| (without_zeros(&serial).to_ascii_lowercase(), entry))
                .collect(),
            fetched,
        })
    }

    /// Whether it is not older than this.
    pub(super) fn check_age(
        &self,
        max_age_hours: u32,
        now: OffsetDateTime,
    ) -> Result<(), AndroidRefusal> {
        match now - self.fetched <= time::Duration::hours(i64::from(max_age_hours)) {
            true => Ok(()),
            false => Err(AndroidRefusal::StatusListTooOld {
                fetched: self.fetched,
                max_age_hours,
            }),
        }
    }

    /// Whether none of these certificates was withdrawn, for good or for the time being.
    pub(super) fn check(&self, chain: &[Certificate]) -> Result<(), AndroidRefusal> {
        for certificate in chain {
            let serial = Serial::of(certificate);
            let entry = self.entries.get(&serial.hex);
            let entry = entry.or_else(|| self.entries.get(serial.decimal.as_deref()?));
            if let Some(entry) = entry {
                return Err(AndroidRefusal::Withdrawn {
                    serial: serial.hex,
                    status: entry.status.to_lowercase(),
                    reason: entry.reason.clone(),
                });
            }
        }
        Ok(())
    }
}

/// How the list names a certificate.
struct Serial {
    /// In lower case, without leading zeros.
    hex: String,
    /// As older lists have it; those serial numbers are short.
    decimal: Option<String>,
}

impl Serial {
    fn of(certificate: &Certificate) -> Self {
        let octets = certificate.serial().as_bytes();
        let hex = crate::hex(octets);
        let number = u128::from_str_radix(&hex, 16).ok();
        Self {
            hex: without_zeros(&hex).to_owned(),
            decimal: number.map(|number| number.to_string()),
        }
    }
}

/// Without leading zeros; zero itself is one digit.
fn without_zeros(number: &str) -> &str {
    match number.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    }
}
