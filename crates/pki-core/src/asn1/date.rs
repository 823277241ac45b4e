//! Moments as ASN.1 writes them.

use der::asn1::{GeneralizedTime, UtcTime};
use time::OffsetDateTime;
use x509_cert::time::Time;

/// UTCTime up to 2049, GeneralizedTime from 2050, whole seconds (RFC 5280 section 4.1.2.5).
pub(crate) fn asn1_time(moment: OffsetDateTime) -> der::Result<Time> {
    let moment = moment.to_offset(time::UtcOffset::UTC);
    let seconds = u64::try_from(moment.unix_timestamp()).map_err(|_| der::ErrorKind::DateTime)?;
    let since_epoch = std::time::Duration::from_secs(seconds);
    if moment.year() < 2050 {
        UtcTime::from_unix_duration(since_epoch).map(Time::UtcTime)
    } else {
        GeneralizedTime::from_unix_duration(since_epoch).map(Time::GeneralTime)
    }
}
