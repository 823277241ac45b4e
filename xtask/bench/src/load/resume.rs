//! Sessions that are resumed: each connection in flight keeps its own, and any full handshake is an error.

use anyhow::{Result, ensure};
use rustls::HandshakeKind;

use super::{Client, Until};

impl Client {
    /// Whether the server resumes sessions. Afterwards there is one for each connection in flight.
    ///
    /// To be asked before each round, too: a session ages, and what replaces it must not count.
    pub(crate) fn resumes(&self) -> Result<bool> {
        let mut always = true;
        for tls in &self.resuming {
            self.connection_of_one_get(tls)?;
            always &= self.connection_of_one_get(tls)? == HandshakeKind::Resumed;
        }
        Ok(always)
    }

    pub(super) fn resumed_until(&self, slot: usize, end: Until) -> Result<u64> {
        let mut count = 0;
        while !end.is_reached(count) {
            let kind = self.connection_of_one_get(&self.resuming[slot])?;
            ensure!(
                kind == HandshakeKind::Resumed,
                "a session was not resumed, after {count} that were"
            );
            count += 1;
        }
        Ok(count)
    }
}
