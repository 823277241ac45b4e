//! A CA in the making that takes over what another one has issued.

use std::path::PathBuf;

use anyhow::{Result, bail};
use pki_core::verify::is_signed_by;
use pki_core::{Authority, KeyKind, KeyPair, Password, certificate_pem};
use pki_store::{ImportedCertificate, Issuer, IssuerRole, IssuerState, NewIssuer, Store};
use time::OffsetDateTime;
use x509_identity::Certificate;

use crate::home::{CaKey, CaName, Home, KeyType, NewCa, Rotation, Settings, actor};

/// A CA that is not in its place yet, and its store. What fails leaves nothing.
pub(crate) struct Takeover {
    new: NewCa,
    store: Store,
    issuers: Vec<Issuer>,
    now: OffsetDateTime,
    added: u64,
}

/// What is known of the other CA from the start.
pub(crate) struct Known<'a> {
    pub(crate) name: &'a CaName,
    pub(crate) url: Option<&'a str>,
    /// Of the CA that issues from now on; then of others that have issued what is taken over.
    pub(crate) chains: Vec<Vec<Certificate>>,
    /// What to do where a certificate above the CA is missing.
    pub(crate) advice: &'static str,
}

impl Takeover {
    /// Begins it: nothing is written into the home but a directory that nobody sees.
    ///
    /// # Errors
    ///
    /// If there is a CA of that name already, or its chain does not end with a root.
    pub(crate) fn prepare(home: &Home, known: &Known<'_>) -> Result<NewCa> {
        if let Some(chain) = known.chains.first() {
            check_chain(chain, known.advice)?;
        }
        NewCa::begin(home, known.name)
    }

    /// Makes settings, store and issuers. Without a key the CA keeps records, and another program signs.
    ///
    /// # Errors
    ///
    /// If the key is another CA's, or something cannot be written.
    pub(crate) async fn begin(
        new: NewCa,
        known: Known<'_>,
        key: Option<(KeyPair, Password)>,
    ) -> Result<Self> {
        let (name, url) = (known.name.clone(), known.url.map(str::to_owned));
        let count = u32::try_from(known.chains.len())?;
        let (Some(chain), Some(ca)) = (
            known.chains.first(),
            known.chains.first().and_then(|chain| chain.first()),
        ) else {
            bail!("the CA has no certificate");
        };
        if let Some((key, passphrase)) = key {
            new.write_key(CaKey::issuing(count), &key, &passphrase)?;
            // It has to be the CA's.
            Authority::new(chain.clone(), key)?;
        }
        let mut settings = Settings::new(name, key_type(ca), url);
        settings.rotation = Rotation {
            issuing: count,
            ..Rotation::default()
        };
        new.write_settings(&settings)?;
        if let Some(root) = chain.last() {
            new.write_certificate(CaKey::FIRST_ROOT, &certificate_pem(root))?;
        }
        let store = new.open_store().await?;
        let now = OffsetDateTime::now_utc();
        let mut issuers = Vec::new();
        for (number, chain) in (1..=count).rev().zip(known.chains) {
            if let Some(certificate) = chain.first() {
                new.write_certificate(CaKey::issuing(number), &certificate_pem(certificate))?;
            }
            let issuer = NewIssuer::new(known.name.as_str(), IssuerRole::Issuing, chain);
            let issuer = store.add_issuer(issuer, &actor(), now).await?;
            if number != count {
                let state = IssuerState::Retiring;
                store
                    .set_issuer_state(issuer.id, state, &actor(), now)
                    .await?;
            }
            issuers.push(issuer);
        }
        Ok(Self {
            new,
            store,
            issuers,
            now,
            added: 0,
        })
    }

    /// Records certificates that the issuer at this position has issued.
    ///
    /// # Errors
    ///
    /// If they cannot be stored.
    pub(crate) async fn add(
        &mut self,
        issuer: usize,
        issued: Vec<ImportedCertificate>,
    ) -> Result<()> {
        let Some(issuer) = self.issuers.get(issuer) else {
            bail!("the CA has no such issuer");
        };
        let (id, now) = (issuer.id, self.now);
        self.added += self.store.import(id, issued, &actor(), now).await?;
        Ok(())
    }

    /// Goes on after the number of the last CRL of the issuer at this position, and returns the number of the next one.
    ///
    /// # Errors
    ///
    /// If it cannot be stored.
    pub(crate) async fn crl_number(&self, issuer: usize, last: Option<u64>) -> Result<u64> {
        let Some(issuer) = self.issuers.get(issuer) else {
            bail!("the CA has no such issuer");
        };
        let last = last.unwrap_or(0);
        // The next one is higher than whatever was published.
        let next = self.store.crl_number_above(issuer.id, 0, last).await?;
        Ok(next.saturating_add(1))
    }

    /// How many certificates were recorded.
    pub(crate) fn added(&self) -> u64 {
        self.added
    }

    /// Puts the CA in its place, whole.
    ///
    /// # Errors
    ///
    /// If another one has taken it meanwhile.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        self.new.finish()
    }
}

/// The kind of keys that the CA goes on with.
fn key_type(ca: &Certificate) -> KeyType {
    match KeyKind::of_public_key(ca.public_key_algorithm()) {
        Some(kind) if kind.is_rsa() => KeyType::Rsa,
        Some(kind) if kind.is_ml_dsa() => KeyType::MlDsa,
        _ => KeyType::Ec,
    }
}

/// What others trust is the last certificate of the chain, which has to be a root.
fn check_chain(chain: &[Certificate], advice: &str) -> Result<()> {
    for pair in chain.windows(2) {
        let [certificate, issuer] = pair else {
            continue;
        };
        if !certificate.names_issuer(issuer) || !is_signed_by(certificate, issuer) {
            bail!(
                "`{}` was not issued by `{}`, which follows it in the file",
                certificate.subject(),
                issuer.subject()
            );
        }
    }
    match chain.last() {
        Some(root) if root.is_self_issued() => Ok(()),
        Some(last) => bail!(
            "`{}` is not a root, with which the chain of a CA ends: {advice}",
            last.subject()
        ),
        None => bail!("the CA has no certificate"),
    }
}
