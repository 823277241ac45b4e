//! The subject that a device is told to ask for.

use plist::Value;

use super::error::ProfileError;
use super::text::check_text;

/// Relative distinguished names of one attribute each, such as `CN` and `alice`, in the order of the encoding.
///
/// Apple knows C, L, ST, O, OU and CN by name, and any attribute by its OID.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Subject(Vec<(String, String)>);

impl Subject {
    pub(super) fn of_common_name(name: String) -> Self {
        Self(vec![("CN".to_owned(), name)])
    }

    pub(super) fn push(&mut self, attribute: String, value: String) {
        // The common name stays the last, as it is in most subjects.
        self.0.insert(self.0.len() - 1, (attribute, value));
    }

    pub(super) fn check(&self) -> Result<(), ProfileError> {
        for (attribute, value) in &self.0 {
            check_text("subject", value)?;
            let is_oid = attribute.parse::<const_oid::ObjectIdentifier>().is_ok();
            let is_known = ["C", "L", "ST", "O", "OU", "CN"].contains(&attribute.as_str());
            if value.is_empty() || !(is_oid || is_known) {
                return Err(ProfileError::Subject {
                    got: format!("{attribute}={value}"),
                });
            }
        }
        Ok(())
    }

    /// `[ [ ["O", "Example"] ], [ ["CN", "alice"] ] ]`.
    pub(super) fn plist(&self) -> Value {
        let names = self.0.iter().map(|(attribute, value)| {
            let pair = [attribute, value].map(|text| text.as_str().into());
            Value::Array(vec![Value::Array(pair.to_vec())])
        });
        Value::Array(names.collect())
    }
}
