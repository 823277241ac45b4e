//! The OCSP response that is stapled to the server's certificate, fetched again when half of its
//! validity period is over.

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::{
    observe::text::sentence,
    reload::virtual_host_files::Contents,
    sources::ocsp::staple::{Staple, Stapler},
};

/// The staple in use.
#[derive(Default)]
pub(super) struct CachedStaple {
    /// With the SHA-256 of the chain that it is about.
    staple: Option<([u8; 32], Staple)>,
}

impl CachedStaple {
    /// The staple in use, or a new one when half of its validity period is over.
    pub(super) async fn renewed(
        &mut self,
        contents: &Contents,
        now: OffsetDateTime,
        problems: &mut Vec<String>,
    ) -> Option<Staple> {
        let chain = Sha256::digest(&contents.chain).into();
        self.staple
            .take_if(|(of, staple)| *of != chain || staple.has_expired(now));
        let due = self
            .staple
            .as_ref()
            .is_none_or(|(_, staple)| staple.refresh_in(now).is_zero());
        if due {
            match fetch(contents, now).await {
                Ok(staple) => self.staple = Some((chain, staple)),
                Err(problem) => problems.push(problem),
            }
        }
        self.staple.as_ref().map(|(_, staple)| staple.clone())
    }
}

async fn fetch(contents: &Contents, now: OffsetDateTime) -> Result<Staple, String> {
    // What is wrong with the file is reported where an identity is made of it.
    let chain = tls_identity::certificates(&contents.chain).unwrap_or_default();
    let issuers = tls_identity::certificates(&contents.roots).unwrap_or_default();
    let mut outcome = Stapler::new(&chain, None);
    for issuer in &issuers {
        if outcome.is_ok() {
            break;
        }
        outcome = Stapler::new(&chain, Some(issuer));
    }
    let stapler = outcome.map_err(|error| sentence(&error))?;
    stapler.fetch(now).await.map_err(|error| sentence(&error))
}
