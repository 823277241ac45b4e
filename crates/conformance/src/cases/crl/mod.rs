//! Who is revoked, and which CRLs count (RFC 5280 sections 5 and 6.3).

mod client;
mod entries;
mod shapes;
mod signers;

use crate::case::Case;
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [entries::cases(w), signers::cases(w), shapes::cases(w)].concat()
}
