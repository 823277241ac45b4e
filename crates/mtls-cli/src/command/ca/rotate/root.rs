//! A new root, certified by the old one and the other way round (RFC 4210 section 4.4), and an issuing CA below it.

use anyhow::{Result, bail};
use pki_core::{Authority, CertificateParameters, Profile, certificate_pem};
use pki_store::{CertificateAuthority, IssuerRole, NewIssuer};
use time::OffsetDateTime;

use super::super::subject;
use super::issuing::need_key;
use super::make::{Above, issuing_ca};
use super::replaced::{next, rotation_of};
use crate::files::write_public;
use crate::home::{CaKey, OpenCa, Rotation, actor};

/// Makes them; what is returned is to be written into the settings.
pub(super) async fn make(ca: &OpenCa, now: OffsetDateTime) -> Result<Rotation> {
    let rotation = rotation_of(ca);
    if let Some(old) = ca.directory().old_root() {
        let old = ca.directory().certificate(old)?;
        bail!(
            "the root `{}` is still being replaced: end that first, with `mtls ca rotate --finish`",
            old.subject()
        );
    }
    let old_key = ca.directory().root();
    need_key(ca, old_key)?;
    let old = ca.authority(old_key).await?;
    let key = CaKey::root(next(rotation.root)?);
    let new = root(ca, key, now).await?;
    let (old, new) = (
        Above {
            key: old_key,
            authority: &old,
        },
        Above {
            key,
            authority: &new,
        },
    );
    cross(ca, &old, &new, now).await?;
    let issuing = next(rotation.issuing)?;
    issuing_ca(ca, &new, CaKey::issuing(issuing), now).await?;
    Ok(Rotation {
        root: key.number,
        issuing,
        old_root: Some(rotation.root),
    })
}

/// The new root, or the one that an interrupted rotation has made.
async fn root(ca: &OpenCa, key: CaKey, now: OffsetDateTime) -> Result<CertificateAuthority> {
    let directory = ca.directory();
    let kind = directory.settings().key_type.of_root();
    let pair = ca.next_key(key, kind)?;
    let path = directory.certificate_path(key);
    let authority = if path.exists() {
        Authority::new(directory.certificates(key)?, pair)?
    } else {
        let first = directory.certificate(CaKey::FIRST_ROOT)?;
        let subject = subject::root(first.subject(), key.number)?;
        let authority = Authority::root(subject, pair, &Profile::root(), now)?;
        write_public(&path, certificate_pem(authority.certificate()).as_bytes())?;
        authority
    };
    let mut issuer = NewIssuer::new(ca.name(), IssuerRole::Root, authority.chain().to_vec());
    issuer.crl_url = directory.settings().crl_url(key);
    ca.store().add_issuer(issuer, &actor(), now).await?;
    Ok(CertificateAuthority::new(authority, ca.store().clone()).await?)
}

/// Each root certifies the other, no longer than that one is valid itself.
async fn cross(ca: &OpenCa, old: &Above<'_>, new: &Above<'_>, now: OffsetDateTime) -> Result<()> {
    let directory = ca.directory();
    for (by, of, path) in [
        (old, new, directory.cross_path(new.key)),
        (new, old, directory.cross_back_path(new.key)),
    ] {
        let profile = Profile::cross_certificate();
        let certified = of.certificate();
        let mut parameters = CertificateParameters::for_ca(certified);
        let left = (certified.not_after() - now).unsigned_abs();
        if left < profile.validity.default {
            parameters = parameters.validity(left.try_into()?);
        }
        let certificate = by
            .issue(ca, parameters, profile, "cross-certificate", now)
            .await?;
        write_public(&path, certificate_pem(&certificate).as_bytes())?;
    }
    Ok(())
}
