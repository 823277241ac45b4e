//! What is wrong with a rule.

/// Why a rule is not valid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A rule in a file has no condition, or several.
    #[error(
        "a rule has exactly one condition (all and any join several), and this one has {}",
        if .found.is_empty() { "none".to_owned() } else { .found.join(" and ") }
    )]
    Conditions {
        /// The conditions that it has.
        found: Vec<&'static str>,
    },

    /// The file is not TOML, or has an unknown field or a wrong value.
    #[error("the rule file is wrong")]
    File(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// A text is not a distinguished name.
    #[error("{field}: this is not a distinguished name as RFC 4514 writes it")]
    Name {
        /// The condition.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        source: x509_identity::ParseError,
    },

    /// A value does not make sense, or would match nothing.
    #[error("{field} = {value:?}: {why}")]
    Value {
        /// The condition.
        field: &'static str,
        /// The value.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl RuleError {
    pub(super) fn value(field: &'static str, value: &str) -> impl FnOnce(&'static str) -> Self {
        let value = value.to_owned();
        move |why| Self::Value { field, value, why }
    }

    pub(super) fn pattern(
        field: &'static str,
        value: &str,
    ) -> impl FnOnce(x509_identity::pattern::PatternError) -> Self {
        let wrong = Self::value(field, value);
        move |error| wrong(error.sentence())
    }
}
