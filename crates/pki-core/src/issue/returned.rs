//! Certificates that another CA has signed, held against what was approved.

use std::collections::BTreeSet;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_NAME_CONSTRAINTS,
    ID_CE_SUBJECT_ALT_NAME,
};
use time::OffsetDateTime;
use x509_identity::{Certificate, SubjectAltName};

use super::Authority;
use super::judge::unsigned;
use crate::lint::{Finding, lint_to_sign};
use crate::verify::is_signed_by;

/// The first difference between a certificate that another CA has returned and what was approved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReturnedError {
    /// What was approved cannot be read, so that nothing is held against it.
    #[error("what was approved cannot be read")]
    Approved(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// It is a CA, or its path length is not the approved one.
    #[error("its basic constraints are not the approved ones")]
    BasicConstraints,

    /// It has a critical extension that was not approved.
    #[error("it has the critical extension {oid}, which was not approved")]
    CriticalExtension {
        /// The extension.
        oid: ObjectIdentifier,
    },

    /// It is for something else than was approved.
    #[error("its extended key usage is {found}, and {approved} was approved")]
    ExtendedKeyUsage {
        /// What it has.
        found: String,
        /// What it should have.
        approved: String,
    },

    /// It names somebody who was not approved.
    #[error("it has the name `{name}`, which was not approved")]
    ExtraName {
        /// The name, with its kind: `dns:api.example.org`.
        name: String,
    },

    /// Another CA than the configured one is named as its issuer.
    #[error("its issuer is `{found}`, and not the configured `{configured}`")]
    Issuer {
        /// The issuer that it names.
        found: String,
        /// The one that is configured.
        configured: String,
    },

    /// It certifies another key than the one of the request.
    #[error("it certifies another key")]
    Key,

    /// Its key may be used for something else than was approved.
    #[error("its key usage is not the approved one: {found}, and {approved} was approved")]
    KeyUsage {
        /// What it has.
        found: String,
        /// What it should have.
        approved: String,
    },

    /// Readers would refuse it.
    #[error("it breaks a rule for certificates: {}", .0.sentence)]
    Lint(Finding),

    /// A name that was approved is not in it.
    #[error("it lacks the name `{name}`, which was asked for")]
    MissingName {
        /// The name, with its kind.
        name: String,
    },

    /// Its name constraints are not the approved ones.
    #[error("its name constraints are not the approved ones")]
    NameConstraints,

    /// It ends later than was approved.
    #[error("it ends {found}, later than the approved {approved}")]
    NotAfter {
        /// When it ends.
        found: OffsetDateTime,
        /// The last approved second.
        approved: OffsetDateTime,
    },

    /// It begins earlier than was approved.
    #[error("it begins {found}, before the approved {approved}")]
    NotBefore {
        /// When it begins.
        found: OffsetDateTime,
        /// The first approved second.
        approved: OffsetDateTime,
    },

    /// It cannot be used now. Whoever has a clock finds it out.
    #[error("it is valid from {from} until {until}, and now it is {now}")]
    NotValidNow {
        /// When it begins.
        from: OffsetDateTime,
        /// When it ends.
        until: OffsetDateTime,
        /// When it was returned.
        now: OffsetDateTime,
    },

    /// Its serial number is none that a CRL could list (RFC 5280 section 4.1.2.2).
    #[error("its serial number is not a positive one of at most 20 octets")]
    Serial,

    /// Another certificate has its serial number. Whoever keeps records finds it out.
    #[error("its serial number was used before")]
    SerialUsed,

    /// The key of the configured CA has not signed it.
    #[error("it was not signed by the configured CA")]
    Signature,

    /// It has another subject.
    #[error("its subject is `{found}`, and `{approved}` was approved")]
    Subject {
        /// Its subject.
        found: String,
        /// The approved one.
        approved: String,
    },
}

impl Authority {
    /// What this authority has prepared, from its [`tbs_der`](crate::Prepared::tbs_der): a certificate whose signature is
    /// empty, so that no verifier accepts it.
    ///
    /// # Errors
    ///
    /// [`ReturnedError::Approved`] if it cannot be read.
    pub fn approved(&self, approved_tbs: &[u8]) -> Result<Certificate, ReturnedError> {
        let approved = unsigned(approved_tbs.to_vec(), self.signer().algorithm());
        approved.map_err(|error| ReturnedError::Approved(error.into()))
    }

    /// Holds a certificate that the CA's key has signed elsewhere against `approved_tbs`, the
    /// [`tbs_der`](crate::Prepared::tbs_der) of what this authority has prepared for it.
    ///
    /// Key, subject and alternative names, usages and constraints have to be the same, the validity period within the
    /// approved one, and the signature this CA's. Serial number and signature algorithm are the signer's own, and so are
    /// the extensions that say where CRLs and OCSP responders are. Whether the serial number was used before, and whether
    /// it can be used now, is for whoever keeps records and has a clock.
    ///
    /// # Errors
    ///
    /// [`ReturnedError`] with the first difference.
    pub fn check_returned(
        &self,
        approved_tbs: &[u8],
        returned: &Certificate,
    ) -> Result<(), ReturnedError> {
        let approved = self.approved(approved_tbs)?;
        if returned.spki_der() != approved.spki_der() {
            return Err(ReturnedError::Key);
        }
        let issuer = self.certificate();
        if !returned.names_issuer(issuer) {
            return Err(ReturnedError::Issuer {
                found: returned.issuer().to_string(),
                configured: issuer.subject().to_string(),
            });
        }
        if !is_signed_by(returned, issuer) {
            return Err(ReturnedError::Signature);
        }
        if !returned.serial().is_rfc5280() {
            return Err(ReturnedError::Serial);
        }
        check_names(&approved, returned)?;
        check_usages(&approved, returned)?;
        check_validity(&approved, returned)?;
        let findings = lint_to_sign(returned, false);
        match findings.into_iter().next() {
            Some(finding) => Err(ReturnedError::Lint(finding)),
            None => Ok(()),
        }
    }
}

/// The string types of a subject may differ: another CA may write UTF8String where RFC 5280 has PrintableString.
fn check_names(approved: &Certificate, returned: &Certificate) -> Result<(), ReturnedError> {
    let (found, wanted) = (returned.subject(), approved.subject());
    if found.to_string() != wanted.to_string() {
        return Err(ReturnedError::Subject {
            found: found.to_string(),
            approved: wanted.to_string(),
        });
    }
    let names = |certificate: &Certificate| {
        let name = |name: &SubjectAltName| format!("{}:{name}", name.kind());
        certificate.sans().iter().map(name).collect::<BTreeSet<_>>()
    };
    let (found, wanted) = (names(returned), names(approved));
    if let Some(name) = found.difference(&wanted).next() {
        return Err(ReturnedError::ExtraName { name: name.clone() });
    }
    if let Some(name) = wanted.difference(&found).next() {
        return Err(ReturnedError::MissingName { name: name.clone() });
    }
    Ok(())
}

fn check_usages(approved: &Certificate, returned: &Certificate) -> Result<(), ReturnedError> {
    // Without the extension nobody is a CA, as with one that says so.
    let constraints = |it: &Certificate| {
        (
            it.is_ca(),
            it.basic_constraints().and_then(|it| it.path_len),
        )
    };
    if constraints(returned) != constraints(approved) {
        return Err(ReturnedError::BasicConstraints);
    }
    if returned.key_usage() != approved.key_usage() {
        let said = |it: &Certificate| {
            it.key_usage()
                .map_or("none".to_owned(), |it| format!("{it}"))
        };
        return Err(ReturnedError::KeyUsage {
            found: said(returned),
            approved: said(approved),
        });
    }
    let usages = |it: &Certificate| {
        let usages = it.extended_key_usage().unwrap_or_default();
        usages.iter().copied().collect::<BTreeSet<_>>()
    };
    let (found, wanted) = (usages(returned), usages(approved));
    if found != wanted {
        return Err(ReturnedError::ExtendedKeyUsage {
            found: listed(&found),
            approved: listed(&wanted),
        });
    }
    let constrained = |it: &Certificate| {
        let extension = it.extension(ID_CE_NAME_CONSTRAINTS);
        extension.map(|it| it.value.to_vec())
    };
    if constrained(returned) != constrained(approved) {
        return Err(ReturnedError::NameConstraints);
    }
    let known = [
        ID_CE_BASIC_CONSTRAINTS,
        ID_CE_EXT_KEY_USAGE,
        ID_CE_KEY_USAGE,
        ID_CE_NAME_CONSTRAINTS,
        ID_CE_SUBJECT_ALT_NAME,
    ];
    match returned
        .critical_extensions()
        .find(|oid| !known.contains(oid))
    {
        Some(oid) => Err(ReturnedError::CriticalExtension { oid }),
        None => Ok(()),
    }
}

fn check_validity(approved: &Certificate, returned: &Certificate) -> Result<(), ReturnedError> {
    if returned.not_before() < approved.not_before() {
        return Err(ReturnedError::NotBefore {
            found: returned.not_before(),
            approved: approved.not_before(),
        });
    }
    if returned.not_after() > approved.not_after() {
        return Err(ReturnedError::NotAfter {
            found: returned.not_after(),
            approved: approved.not_after(),
        });
    }
    Ok(())
}

fn listed(usages: &BTreeSet<ObjectIdentifier>) -> String {
    let name = |oid: &ObjectIdentifier| match const_oid::db::DB.by_oid(oid) {
        Some(name) => name.to_owned(),
        None => oid.to_string(),
    };
    match usages.is_empty() {
        true => "none".to_owned(),
        false => usages.iter().map(name).collect::<Vec<_>>().join(" and "),
    }
}
