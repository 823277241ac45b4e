//! The parts of a file and the bags in them, in their order.

use super::attributes::BagAttributes;
use super::error::ReadError;
use super::protection::Protection;

/// A part of a file: bags that are encrypted together, or not encrypted (RFC 7292 section 4.1).
#[derive(Debug)]
pub struct Part {
    pub(crate) protection: Protection,
    pub(crate) opened: Opened,
    pub(crate) bags: Vec<Bag>,
}

impl Part {
    /// How it is encrypted; [`Scheme::None`](super::Scheme::None) where it is not.
    #[must_use]
    pub fn protection(&self) -> &Protection {
        &self.protection
    }

    /// Whether its bags could be read.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Its bags; none if it is still encrypted.
    #[must_use]
    pub fn bags(&self) -> &[Bag] {
        &self.bags
    }
}

/// Whether something that is protected was opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Opened {
    /// It was.
    Yes,
    /// No password was given.
    WithoutPassword,
    /// It is protected in a way that is not read here, and perhaps elsewhere.
    No(ReadError),
}

/// A bag: what is in it, and what it says of that.
#[derive(Debug)]
pub struct Bag {
    pub(crate) attributes: BagAttributes,
    pub(crate) content: BagContent,
}

impl Bag {
    /// Its attributes.
    #[must_use]
    pub fn attributes(&self) -> &BagAttributes {
        &self.attributes
    }

    /// What is in it.
    #[must_use]
    pub fn content(&self) -> &BagContent {
        &self.content
    }
}

/// What a bag holds.
#[derive(Debug)]
#[non_exhaustive]
pub enum BagContent {
    /// More bags.
    Bags(Vec<Bag>),
    /// An X.509 certificate: its place among [`Archive::certificates`](super::Archive::certificates).
    Certificate(usize),
    /// A private key.
    Key {
        /// How it is encrypted by itself, whatever its part is.
        protection: Protection,
        /// Whether it could be read.
        opened: Opened,
        /// Its place among [`Archive::keys`](super::Archive::keys), if it could be.
        key: Option<usize>,
    },
    /// Something that is not read: its place among [`Archive::skipped`](super::Archive::skipped).
    Skipped(usize),
}

/// All bags, those within others too.
pub(crate) fn all_bags(parts: &[Part]) -> Vec<&Bag> {
    let mut found: Vec<&Bag> = Vec::new();
    let mut waiting: Vec<&Bag> = parts
        .iter()
        .rev()
        .flat_map(|it| it.bags.iter().rev())
        .collect();
    while let Some(bag) = waiting.pop() {
        if let BagContent::Bags(bags) = &bag.content {
            waiting.extend(bags.iter().rev());
        }
        found.push(bag);
    }
    found
}
