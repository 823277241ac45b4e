//! What a reader has against a file.

use std::fmt;

use crate::read::Place;

/// Something about a file that a reader does not take.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Objection {
    /// Where in the file.
    pub place: Place,
    /// What comes of it.
    pub effect: Effect,
    /// What it is and why, for a person.
    pub sentence: String,
    /// What the reader shows instead, word for word: most of them say that the password is wrong.
    pub message: Option<&'static str>,
}

/// What comes of an [`Objection`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// Something is left out, and the rest imported.
    LeftOut,
    /// Nothing is imported.
    Refused,
    /// It is not known: nobody has reported what this reader does.
    Unknown,
}

/// What a reader makes of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outlook {
    /// What it has against the file; empty if nothing is known.
    pub objections: Vec<Objection>,
    /// Keys with their certificates that it imports; none if that cannot be told, as without a password.
    pub identities: Option<usize>,
}

impl Outlook {
    /// Whether the file is imported, with a key if it has one.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        !self.is_refused() && self.identities != Some(0)
    }

    /// Whether nothing of the file is imported, and the reader says so.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.objections
            .iter()
            .any(|objection| objection.effect == Effect::Refused)
    }
}

/// The sentence and its place, and what the reader shows.
impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.sentence)?;
        match self.message {
            Some(message) => write!(f, "; it shows: {message}"),
            None => Ok(()),
        }
    }
}
