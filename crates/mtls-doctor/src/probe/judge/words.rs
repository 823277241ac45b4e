//! How things are written in sentences.

use x509_identity::DistinguishedName;

/// 2 days, 3 hours, 5 minutes, 7 seconds: the largest that fits.
pub(super) fn humane(span: time::Duration) -> String {
    let (count, unit) = match span.whole_seconds() {
        seconds @ 0..120 => (seconds, "second"),
        seconds @ 120..7_200 => (seconds / 60, "minute"),
        seconds @ 7_200..172_800 => (seconds / 3_600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// The names, the first few in full.
pub(super) fn names(hints: &[Vec<u8>]) -> String {
    let shown: Vec<_> = hints.iter().take(SHOWN).map(|der| name(der)).collect();
    match hints.len().saturating_sub(SHOWN) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

pub(super) fn name(der: &[u8]) -> String {
    match DistinguishedName::from_der(der) {
        Ok(name) if name.rdns().is_empty() => "(an empty name)".to_owned(),
        Ok(name) => name.to_string(),
        Err(_) => "(an unreadable name)".to_owned(),
    }
}

const SHOWN: usize = 5;
