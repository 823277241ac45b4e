//! One of the servers that are compared.

use suite::process::Server;

use super::load::Target;
use crate::report::Side;

/// A server, and how it is asked.
pub(crate) struct Peer {
    pub(super) name: &'static str,
    pub(super) side: Side,
    pub(crate) server: Server,
    pub(crate) target: Target,
}
