//! Building the path and walking it (RFC 5280 section 6.1).

mod certificates;
mod issuers;
mod presented;

use crate::case::Case;
use crate::world::World;

pub(super) fn cases(w: &World) -> Vec<Case> {
    [
        certificates::cases(w),
        issuers::cases(w),
        presented::cases(w),
    ]
    .concat()
}
