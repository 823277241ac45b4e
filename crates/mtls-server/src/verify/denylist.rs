//! Clients that an operator has revoked at this moment, ahead of any CRL.

use std::sync::{PoisonError, RwLock};

use pki_core::verify::{RevocationReason, VerifyError};
use time::OffsetDateTime;

use crate::{peer::client_cert::ClientCert, rules::rule::Rule};

/// Rules for clients that `MtlsHandle::revoke_now` refuses.
#[derive(Debug, Default)]
pub(crate) struct Denylist(RwLock<Vec<(Rule, OffsetDateTime)>>);

impl Denylist {
    pub(crate) fn add(&self, rule: Rule, since: OffsetDateTime) {
        let mut rules = self.0.write().unwrap_or_else(PoisonError::into_inner);
        rules.push((rule, since));
    }

    /// Takes over the rules of an earlier generation.
    pub(crate) fn inherit(&self, earlier: &Self) {
        let earlier = earlier.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut rules = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (rule, since) in earlier.iter() {
            // Settings that were active before have most of them already.
            if !rules.iter().any(|(known, _)| known.is(rule)) {
                rules.push((rule.clone(), *since));
            }
        }
    }

    pub(crate) fn check(&self, client: &ClientCert) -> Result<(), VerifyError> {
        let rules = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // A client that a rule cannot tell from those it means is refused, too. The time is for the
        // record only: when the clock is set back, nobody is accepted again.
        let hit = rules
            .iter()
            .find(|(rule, _)| !rule.decide(client).is_mismatch());
        match hit {
            None => Ok(()),
            Some((_, since)) => Err(VerifyError::Revoked {
                subject: client.subject().to_string(),
                serial: client.serial().to_string(),
                reason: RevocationReason::Unspecified,
                date: *since,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> ClientCert {
        let alice = test_pki::Ca::root("root").client("alice");
        let alice = x509_identity::Certificate::from_der(alice.der());
        ClientCert::unverified(alice.expect("it can be read"))
    }

    #[test]
    fn who_is_denied_stays_denied_when_the_clock_is_set_back() {
        let alice = alice();
        let later = OffsetDateTime::now_utc() + time::Duration::HOUR;
        for (name, denied) in [("alice", true), ("bob", false)] {
            let denylist = Denylist::default();
            denylist.add(Rule::common_name(name), later);
            assert_eq!(denylist.check(&alice).is_err(), denied, "{name}");
        }
    }

    #[test]
    fn settings_that_take_turns_inherit_each_revocation_once() {
        let (blue, green) = (Denylist::default(), Denylist::default());
        blue.add(Rule::common_name("alice"), OffsetDateTime::now_utc());
        for _ in 0..5 {
            green.inherit(&blue);
            blue.inherit(&green);
        }
        for settings in [&blue, &green] {
            let rules = settings.0.read().expect("no test has panicked with it");
            assert_eq!(rules.len(), 1);
        }
    }
}
