//! Tickets: that a form was made by this process for this operator, and not long ago.

use std::fmt;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{self, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

/// Why a form is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    /// It was made for somebody else, or before the console was started.
    #[error("this form was made for somebody else, or before a restart; open the page again")]
    Foreign,

    /// It has no ticket.
    #[error("this form is not one of the console; open the page again")]
    Missing,

    /// It was made more than an hour ago.
    #[error("this form is more than an hour old, and nothing was done; open the page again")]
    Stale,
}

/// What makes tickets and knows them again. The key is in this process alone.
pub(crate) struct Tickets(hmac::Key);

/// What is different in each form: its random part.
#[derive(Clone, Copy)]
pub(crate) struct Nonce([u8; NONCE]);

impl Tickets {
    /// # Errors
    ///
    /// If the system gives no random bytes.
    pub(crate) fn new() -> Result<Self, Unspecified> {
        let random = SystemRandom::new();
        hmac::Key::generate(hmac::HMAC_SHA256, &random).map(Self)
    }

    /// A ticket for the holder of this certificate: 16 random bytes, the time in 8, and an HMAC over both and the
    /// certificate's SHA-256, in base64url.
    ///
    /// # Errors
    ///
    /// If the system gives no random bytes.
    pub(crate) fn issue(
        &self,
        certificate: &[u8; 32],
        now: OffsetDateTime,
    ) -> Result<String, Unspecified> {
        let mut ticket = [0; NONCE + TIME];
        rand::fill(&mut ticket[..NONCE])?;
        ticket[NONCE..].copy_from_slice(&now.unix_timestamp().to_be_bytes());
        let tag = hmac::sign(&self.0, &signed(certificate, &ticket));
        Ok(URL_SAFE_NO_PAD.encode([&ticket, tag.as_ref()].concat()))
    }

    /// # Errors
    ///
    /// [`TicketError`] says what is wrong with it.
    pub(crate) fn check(
        &self,
        ticket: &str,
        certificate: &[u8; 32],
        now: OffsetDateTime,
    ) -> Result<Nonce, TicketError> {
        let mut bytes = [0; NONCE + TIME + TAG];
        if ticket.is_empty() {
            return Err(TicketError::Missing);
        }
        match URL_SAFE_NO_PAD.decode_slice(ticket, &mut bytes) {
            Ok(len) if len == bytes.len() => {}
            _ => return Err(TicketError::Foreign),
        }
        let (ticket, tag) = bytes.split_at(NONCE + TIME);
        hmac::verify(&self.0, &signed(certificate, ticket), tag)
            .map_err(|_| TicketError::Foreign)?;
        let (nonce, time) = ticket.split_at(NONCE);
        let (Ok(nonce), Ok(time)) = (nonce.try_into(), time.try_into()) else {
            return Err(TicketError::Foreign);
        };
        // A clock that was set back makes no form older.
        match now
            .unix_timestamp()
            .saturating_sub(i64::from_be_bytes(time))
        {
            age if age > LIFE.whole_seconds() => Err(TicketError::Stale),
            _ => Ok(Nonce(nonce)),
        }
    }

    /// 32 bytes that nobody can guess, and the same for the same form: for a form that is sent twice.
    pub(crate) fn secret(
        &self,
        certificate: &[u8; 32],
        nonce: Nonce,
        content: &[u8],
    ) -> Zeroizing<[u8; 32]> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"pki-console secret v1");
        context.update(certificate);
        context.update(&nonce.0);
        context.update(content);
        let tag = context.sign();
        let mut secret = Zeroizing::new([0; 32]);
        // HMAC-SHA256 has 32 bytes.
        for (to, from) in secret.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        secret
    }
}

fn signed(certificate: &[u8; 32], ticket: &[u8]) -> Vec<u8> {
    [b"pki-console ticket v1".as_slice(), certificate, ticket].concat()
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tickets(..)")
    }
}

/// How long a form is good for.
const LIFE: Duration = Duration::HOUR;

const NONCE: usize = 16;
const TIME: usize = 8;
const TAG: usize = 32;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const ALICE: [u8; 32] = [1; 32];
    const MALLORY: [u8; 32] = [2; 32];

    #[test]
    fn a_ticket_is_for_one_operator_one_process_and_one_hour() {
        let tickets = Tickets::new().unwrap();
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let ticket = tickets.issue(&ALICE, now).unwrap();
        let check =
            |tickets: &Tickets, ticket: &str, of, at| tickets.check(ticket, of, at).map(|_| ());
        for (at, result) in [
            (now, Ok(())),
            (now + Duration::HOUR, Ok(())),
            (
                now + Duration::HOUR + Duration::SECOND,
                Err(TicketError::Stale),
            ),
            (now - Duration::HOUR, Ok(())),
        ] {
            assert_eq!(check(&tickets, &ticket, &ALICE, at), result);
        }
        let other = Tickets::new().unwrap();
        for (tickets, ticket, of, error) in [
            (&tickets, ticket.as_str(), &MALLORY, TicketError::Foreign),
            (&other, &ticket, &ALICE, TicketError::Foreign),
            (&tickets, "", &ALICE, TicketError::Missing),
            (&tickets, &ticket[1..], &ALICE, TicketError::Foreign),
            (
                &tickets,
                &format!("A{}", &ticket[1..]),
                &ALICE,
                TicketError::Foreign,
            ),
            (
                &tickets,
                &format!("{ticket}AAAA"),
                &ALICE,
                TicketError::Foreign,
            ),
            (&tickets, "\u{fc}", &ALICE, TicketError::Foreign),
        ] {
            // Of 64 tickets, one begins with an A.
            if ticket.starts_with('A') && of == &ALICE && ticket.len() == 75 {
                continue;
            }
            assert_eq!(check(tickets, ticket, of, now), Err(error), "{ticket}");
        }
    }

    #[test]
    fn a_form_that_is_sent_twice_makes_the_same_secret_and_another_one_another() {
        let tickets = Tickets::new().unwrap();
        let (first, second) = (Nonce([1; NONCE]), Nonce([2; NONCE]));
        let made = *tickets.secret(&ALICE, first, b"name");
        assert_eq!(made, *tickets.secret(&ALICE, first, b"name"));
        let other = Tickets::new().unwrap();
        for another in [
            tickets.secret(&ALICE, second, b"name"),
            tickets.secret(&ALICE, first, b"other"),
            tickets.secret(&MALLORY, first, b"name"),
            other.secret(&ALICE, first, b"name"),
        ] {
            assert_ne!(made, *another);
        }
    }
}
