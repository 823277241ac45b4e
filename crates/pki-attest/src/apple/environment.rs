//! Where an app was attested, and how it came onto the device.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which of Apple's services has attested the key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// For apps that are distributed.
    Production,
    /// For apps that are being developed: they are not reviewed by anybody.
    Development,
}

impl Environment {
    pub(super) fn from_aaguid(aaguid: &[u8; 16]) -> Option<Self> {
        match aaguid {
            b"appattest\0\0\0\0\0\0\0" => Some(Self::Production),
            b"appattestdevelop" => Some(Self::Development),
            _ => None,
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Production => "production",
            Self::Development => "development",
        })
    }
}

/// How an app came onto the device, which iOS 27 and later say.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Category {
    /// A part of the platform.
    Platform,
    /// TestFlight.
    TestFlight,
    /// Built and put there by a developer.
    Development,
    /// The App Store.
    AppStore,
    /// Distributed inside an enterprise, or ad hoc.
    Enterprise,
    /// Signed with a Developer ID.
    DeveloperId,
    /// In none of these ways.
    None,
    /// By a number that is not known here.
    Other(u32),
}

impl Category {
    pub(super) fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Platform,
            2 => Self::TestFlight,
            3 => Self::Development,
            4 => Self::AppStore,
            5 => Self::Enterprise,
            6 => Self::DeveloperId,
            10 => Self::None,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform"),
            Self::TestFlight => f.write_str("test-flight"),
            Self::Development => f.write_str("development"),
            Self::AppStore => f.write_str("app-store"),
            Self::Enterprise => f.write_str("enterprise"),
            Self::DeveloperId => f.write_str("developer-id"),
            Self::None => f.write_str("none"),
            Self::Other(number) => write!(f, "category {number}"),
        }
    }
}

/// Which categories of apps are accepted.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Categories {
    /// All, and where none is said.
    #[default]
    Any,
    /// These alone: no device before iOS 27.
    Only(Vec<Category>),
    /// These, and where none is said.
    OnlyOrMissing(Vec<Category>),
}

impl Categories {
    /// Whether an app that came in this way is accepted.
    #[must_use]
    pub fn accept(&self, seen: Option<Category>) -> bool {
        match (self, seen) {
            (Self::Any, _) | (Self::OnlyOrMissing(_), None) => true,
            (Self::Only(_), None) => false,
            (Self::Only(these) | Self::OnlyOrMissing(these), Some(seen)) => these.contains(&seen),
        }
    }

    /// Those that are listed.
    pub(super) fn listed(&self) -> &[Category] {
        match self {
            Self::Any => &[],
            Self::Only(these) | Self::OnlyOrMissing(these) => these,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_accepted_as_listed() {
        let store = || vec![Category::AppStore];
        for (categories, seen, good) in [
            (Categories::Any, None, true),
            (Categories::Any, Some(Category::None), true),
            (Categories::Only(store()), Some(Category::AppStore), true),
            (Categories::Only(store()), Some(Category::TestFlight), false),
            (Categories::Only(store()), None, false),
            (Categories::OnlyOrMissing(store()), None, true),
            (
                Categories::OnlyOrMissing(store()),
                Some(Category::Other(7)),
                false,
            ),
        ] {
            assert_eq!(categories.accept(seen), good, "{categories:?} {seen:?}");
        }
    }
}
