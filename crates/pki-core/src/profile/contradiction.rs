//! What does not go together in a profile.

use std::time::Duration;

use super::Profile;

impl Profile {
    /// Which of its settings is for CAs alone, if the profile is not a CA's.
    pub(crate) fn misplaced(&self) -> Option<&'static str> {
        let settings = [
            ("path_length", self.path_length.is_some()),
            ("ca_usages", !self.ca_usages.is_empty()),
            ("name_constraints", !self.name_constraints.is_empty()),
        ];
        let set = settings.into_iter().find(|(_, is_set)| *is_set);
        set.filter(|_| !self.role.is_ca()).map(|(name, _)| name)
    }

    /// What does not go together with [`no_rev_avail`](Self::no_rev_avail), if that is set.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        if !self.no_rev_avail {
            return None;
        }
        if self.role.is_ca() {
            return Some("a CA's can be revoked");
        }
        if !self.crl_distribution_points.is_empty() {
            return Some("it has crl_distribution_points");
        }
        if !self.ocsp.is_empty() {
            return Some("it has ocsp");
        }
        let is_long = self.validity.max > MAX_WITHOUT_REVOCATION;
        is_long.then_some("its certificates may be valid for more than 7 days")
    }
}

/// What the CA/Browser Forum calls short-lived (Baseline Requirements 1.6.1).
const MAX_WITHOUT_REVOCATION: Duration = Duration::from_secs(7 * 24 * 3600);
