//! How Apple's decoders find the certificate of a key.
//!
//! They put bags into a table, by localKeyID, else by friendlyName, else each for itself. A later bag replaces an earlier
//! one of its kind at the same place, and a key without a certificate beside it is nobody's.

use crate::read::{BagAttributes, BagContent, Scheme};

use super::inspection::Inspection;

/// What Apple's table holds in the end.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// Keys with a certificate beside them.
    pub(super) identities: usize,
    /// Keys without.
    pub(super) lone_keys: usize,
    /// Keys and certificates that another one replaced.
    pub(super) replaced: Vec<Kind>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Certificate,
    Key,
}

#[derive(Debug, Eq, PartialEq)]
enum Place<'a> {
    Alone,
    Id(&'a [u8]),
    Name(&'a str),
}

impl Pairing {
    pub(super) fn of(inspection: &Inspection) -> Self {
        let mut table: Vec<(Place<'_>, Vec<Kind>)> = Vec::new();
        let mut pairing = Self::default();
        for bag in inspection.bags() {
            let kind = match bag.content() {
                BagContent::Certificate(_) => Kind::Certificate,
                // Only encrypted keys are looked at.
                BagContent::Key { protection, .. } if protection.scheme != Scheme::None => {
                    Kind::Key
                }
                _ => continue,
            };
            let place = place(bag.attributes());
            let row = match table.iter().position(|(at, _)| *at == place) {
                Some(row) if place != Place::Alone => row,
                _ => {
                    table.push((place, Vec::new()));
                    table.len() - 1
                }
            };
            let kinds = &mut table[row].1;
            if kinds.contains(&kind) {
                pairing.replaced.push(kind);
            } else {
                kinds.push(kind);
            }
        }
        for (_, kinds) in &table {
            match (
                kinds.contains(&Kind::Key),
                kinds.contains(&Kind::Certificate),
            ) {
                (true, true) => pairing.identities += 1,
                (true, false) => pairing.lone_keys += 1,
                _ => {}
            }
        }
        pairing
    }
}

fn place(attributes: &BagAttributes) -> Place<'_> {
    match (attributes.local_key_id(), attributes.friendly_name()) {
        (Some(id), _) => Place::Id(id),
        (None, Some(name)) => Place::Name(name),
        (None, None) => Place::Alone,
    }
}
