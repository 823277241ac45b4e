//! Which rule of a profile decides about what.

use std::fmt;
use std::time::Duration;

use x509_identity::{Attribute, PublicKeyAlgorithm, SubjectAltName};

use super::Profile;
use super::decision::{Explanation, Ruling};
use super::span::span;
use crate::{CertificateParameters, KeyKind};

/// One thing that is asked for.
#[derive(Clone, Copy)]
enum Asked<'a> {
    /// A key, where its kind can be read.
    Key(Option<PublicKeyAlgorithm>),
    Validity(Duration),
    Attribute(&'a Attribute),
    Name(&'a SubjectAltName),
}

impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(Some(algorithm)) => write!(f, "key {algorithm}"),
            Self::Key(None) => f.write_str("key that cannot be read"),
            Self::Validity(period) => write!(f, "validity {}", span(*period)),
            Self::Attribute(attribute) => write!(f, "subject `{attribute}`"),
            Self::Name(name) => write!(f, "{} name `{name}`", name.kind()),
        }
    }
}

impl Profile {
    /// What this profile decides about each thing that `parameters` ask for, and by which rule, without issuing anything.
    ///
    /// The judge decides by the same rules: what is refused here is refused there.
    #[must_use]
    pub fn explain(&self, parameters: &CertificateParameters) -> Explanation {
        let rulings = self.rulings(parameters);
        let decisions = rulings.map(|(asked, ruling)| ruling.about(asked.to_string()));
        Explanation {
            decisions: decisions.collect(),
        }
    }

    /// Whether it allows everything that `parameters` ask for: [`Explanation::is_allowed`], without the sentences.
    #[must_use]
    pub fn allows(&self, parameters: &CertificateParameters) -> bool {
        self.rulings(parameters).all(|(_, ruling)| ruling.allowed)
    }

    /// The ruling on each thing that is asked for, in the order of an [`Explanation`].
    fn rulings<'a>(
        &'a self,
        parameters: &'a CertificateParameters,
    ) -> impl Iterator<Item = (Asked<'a>, Ruling<'a>)> {
        let algorithm = PublicKeyAlgorithm::from_spki(&parameters.public_key).ok();
        let period = parameters.validity;
        let period = period.map_or(self.validity.default, |it| {
            it.try_into().unwrap_or_default()
        });
        let attributes = parameters.subject.attributes().map(Asked::Attribute);
        let names = parameters.sans.iter().map(Asked::Name);
        [Asked::Key(algorithm), Asked::Validity(period)]
            .into_iter()
            .chain(attributes)
            .chain(names)
            .map(|asked| {
                let ruling = match asked {
                    Asked::Key(algorithm) => self.ruling_on_key(algorithm),
                    Asked::Validity(period) => self.ruling_on_validity(period),
                    Asked::Attribute(attribute) => self.ruling_on_attribute(attribute),
                    Asked::Name(name) => self.ruling_on_name(name),
                };
                (asked, ruling)
            })
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
            Ruling::refused(move || format!("validity.{limit} = \"{}\"", span(end)))
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
