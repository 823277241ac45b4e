//! `mtls ca init --upstream`: a CA whose certificates somebody else signs.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use pki_core::certificate_pem;
use pki_core::verify::is_signed_by;
use pki_store::{IssuerRole, NewIssuer};
use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::home::{CaKey, NewCa, Settings, Upstream, actor};
use crate::look::certificates_of;

/// Settings that name an upstream, its chain, and what it is called.
pub(super) struct Chosen {
    pub(super) settings: Upstream,
    pub(super) chain: Vec<Certificate>,
    pub(super) name: String,
}

impl Chosen {
    /// Asks the upstream for its certificate and those above it, up to the root.
    ///
    /// # Errors
    ///
    /// If the upstream cannot be asked, or does not know its root, and `above` has it neither.
    pub(super) async fn ask(file: &Path, above: Option<&Path>) -> Result<Self> {
        let settings = Upstream::read(file)?;
        let upstream = settings.connect()?;
        let mut known = upstream.chain().await?;
        if let Some(file) = above {
            known.extend(certificates_of(file)?);
        }
        Ok(Self {
            settings,
            chain: up_to_the_root(known)?,
            name: upstream.name(),
        })
    }

    /// Writes settings, certificates and store.
    ///
    /// # Errors
    ///
    /// If one of them cannot be written.
    pub(super) async fn make(
        &self,
        settings: &Settings,
        new: &NewCa,
        now: OffsetDateTime,
    ) -> Result<[Certificate; 2]> {
        new.write_settings(settings)?;
        let store = new.open_store().await?;
        let name = settings.name.as_str();
        let issuer = NewIssuer::new(name, IssuerRole::Upstream, self.chain.clone());
        store.add_issuer(issuer, &actor(), now).await?;
        let (Some(issuing), Some(root)) = (self.chain.first(), self.chain.last()) else {
            bail!("the upstream CA has no certificate");
        };
        let below_root = self.chain.iter().take(self.chain.len().max(2) - 1);
        let below_root: String = below_root.map(certificate_pem).collect();
        new.write_certificate(CaKey::FIRST_ROOT, &certificate_pem(root))?;
        new.write_certificate(CaKey::FIRST_ISSUING, &below_root)?;
        Ok([root.clone(), issuing.clone()])
    }
}

/// The first certificate, and those above it one after the other.
fn up_to_the_root(known: Vec<Certificate>) -> Result<Vec<Certificate>> {
    let mut known = known.into_iter();
    let mut last = known.next().context("the upstream CA has no certificate")?;
    let rest: Vec<_> = known.collect();
    let mut chain = vec![last.clone()];
    while !last.is_self_issued() {
        let above = rest
            .iter()
            .find(|it| last.names_issuer(it) && is_signed_by(&last, it) && !chain.contains(it));
        let Some(above) = above else {
            bail!(
                "the upstream CA does not know the certificate above `{}`: give it with --upstream-chain, up to the root",
                last.subject()
            );
        };
        last = above.clone();
        chain.push(last.clone());
    }
    Ok(chain)
}
