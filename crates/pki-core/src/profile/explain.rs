//! Which rule of a profile decides about what.

use std::time::Duration;

use humantime_serde::re::humantime::format_duration;
use x509_identity::{Attribute, PublicKeyAlgorithm, SubjectAltName};

use super::Profile;
use super::decision::{Explanation, Ruling};
use crate::{CertificateParameters, KeyKind};

impl Profile {
    /// What this profile decides about each thing that `parameters` ask for, and by which rule, without issuing anything.
    ///
    /// The judge decides by the same rules: what is refused here is refused there.
    #[must_use]
    pub fn explain(&self, parameters: &CertificateParameters) -> Explanation {
        let algorithm = PublicKeyAlgorithm::from_spki(&parameters.public_key).ok();
        let key = algorithm.map_or_else(|| "that cannot be read".to_owned(), |it| it.to_string());
        let default = self.validity.default;
        let period = parameters.validity;
        let period = period.map_or(default, |it| it.try_into().unwrap_or_default());
        let mut decisions = vec![
            self.ruling_on_key(algorithm).about(format!("key {key}")),
            self.ruling_on_validity(period)
                .about(format!("validity {}", format_duration(period))),
        ];
        decisions.extend(parameters.subject.attributes().map(|attribute| {
            self.ruling_on_attribute(attribute)
                .about(format!("subject `{attribute}`"))
        }));
        decisions.extend(parameters.sans.iter().map(|name| {
            self.ruling_on_name(name)
                .about(format!("{} name `{name}`", name.kind()))
        }));
        Explanation { decisions }
    }

    pub(crate) fn ruling_on_key(&self, algorithm: Option<PublicKeyAlgorithm>) -> Ruling<'_> {
        let kind = algorithm.and_then(KeyKind::of_public_key);
        if kind.is_some_and(|kind| self.keys.contains(&kind)) {
            Ruling::allowed(|| "keys".to_owned())
        } else {
            Ruling::refused(|| "keys, which does not have this kind".to_owned())
        }
    }

    pub(crate) fn ruling_on_validity(&self, period: Duration) -> Ruling<'static> {
        let limits = self.validity;
        let outside = |limit: &'static str, end| {
            Ruling::refused(move || format!("validity.{limit} = \"{}\"", format_duration(end)))
        };
        if period < limits.min {
            outside("min", limits.min)
        } else if period > limits.max {
            outside("max", limits.max)
        } else {
            Ruling::allowed(|| "validity".to_owned())
        }
    }

    /// About an alternative name.
    pub(crate) fn ruling_on_name(&self, name: &SubjectAltName) -> Ruling<'_> {
        let refused = self.refused.ruling(name);
        refused.unwrap_or_else(|| self.names.ruling(name))
    }

    /// About an attribute of the subject. An email address is a name like any other, but for CAs, whose own people choose
    /// their subjects.
    pub(crate) fn ruling_on_attribute<'a>(&'a self, attribute: &Attribute) -> Ruling<'a> {
        if let Some(refused) = self.refused.ruling_on_attribute(attribute) {
            return refused;
        }
        match (attribute.short_name(), attribute.text()) {
            (Some("emailAddress" | "mail"), Some(_)) if self.role.is_ca() => {
                Ruling::allowed(|| "role, as that of a CA".to_owned())
            }
            (Some("emailAddress" | "mail"), Some(address)) => {
                self.ruling_on_name(&SubjectAltName::Email(address.to_owned()))
            }
            _ => self.subject.ruling("subject", attribute),
        }
    }
}
