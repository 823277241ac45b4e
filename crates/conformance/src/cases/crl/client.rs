//! A client, and the CRLs that a server has of its issuers.

use crate::case::Case;
use crate::crl::CrlBuilder;
use crate::world::World;

/// A client of the issuing CA with this serial number, and these CRLs of the issuing CA.
pub(super) fn client(
    w: &World,
    name: &'static str,
    clause: &'static str,
    lists: &[&CrlBuilder],
) -> Case {
    let mut case = w.leaf(name, clause, w.client().numbered(SERIAL));
    case.crls = vec![w.crl().by(&w.root)];
    case.crls.extend(lists.iter().map(|list| list.by(&w.sub)));
    case
}

pub(super) const SERIAL: &[u8] = &[0x51, 0x00, 0x07];
pub(super) const OTHER: &[u8] = &[0x51, 0x00, 0x08];
