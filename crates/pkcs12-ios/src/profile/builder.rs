//! A profile in the making.

use std::fmt;

use pki_core::Password;

use super::certificates::{check_intermediate, check_root};
use super::configuration::Profile;
use super::enrollment::{AcmeEnrollment, ScepEnrollment};
use super::error::ProfileError;
use super::payload::{Content, Payload};
use super::text::check_text;

/// A profile in the making, from [`Profile::builder`].
#[derive(Clone)]
pub struct ProfileBuilder {
    description: Option<String>,
    display_name: Option<String>,
    identifier: String,
    organization: Option<String>,
    payloads: Vec<Payload>,
}

impl Profile {
    /// Starts a profile named `identifier`, in reverse DNS order such as `com.example.mtls`.
    ///
    /// A device replaces an installed profile by one with the same identifier. All UUIDs follow from it, so that a
    /// profile made anew updates the installed one in place.
    #[must_use]
    pub fn builder(identifier: impl Into<String>) -> ProfileBuilder {
        ProfileBuilder::new(identifier.into())
    }
}

impl ProfileBuilder {
    fn new(identifier: String) -> Self {
        Self {
            description: None,
            display_name: None,
            identifier,
            organization: None,
            payloads: Vec::new(),
        }
    }

    /// Sets the text that explains the profile before it is installed.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Sets the name in the list of profiles. The default is the identifier.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// Sets who the profile is from.
    #[must_use]
    pub fn organization(mut self, name: impl Into<String>) -> Self {
        self.organization = Some(name.into());
        self
    }

    /// Adds a root certificate in DER, as `com.apple.security.root`.
    #[must_use]
    pub fn root(self, certificate: &[u8], display_name: impl Into<String>) -> Self {
        self.payload(Content::Root(certificate.to_vec()), display_name.into())
    }

    /// Adds an intermediate certificate in DER, as `com.apple.security.pkcs1`. The device presents it behind its own
    /// certificate, and finds a server's chain by it.
    #[must_use]
    pub fn intermediate(self, certificate: &[u8], display_name: impl Into<String>) -> Self {
        let content = Content::Intermediate(certificate.to_vec());
        self.payload(content, display_name.into())
    }

    /// Adds a bundle, as `com.apple.security.pkcs12`, without its password.
    ///
    /// A device wants exactly one identity in it, as every [`Bundle`](crate::Bundle) has.
    #[must_use]
    pub fn bundle(self, pkcs12: &[u8], display_name: impl Into<String>) -> Self {
        let content = Content::Bundle {
            pkcs12: pkcs12.to_vec(),
            password: None,
        };
        self.payload(content, display_name.into())
    }

    /// Adds a bundle with its password beside it, so that nobody has to type it. Whoever has the profile then has the
    /// private key: it is encoded, and not encrypted, in a signed profile too.
    #[must_use]
    pub fn bundle_with_embedded_password(
        self,
        pkcs12: &[u8],
        password: &Password,
        display_name: impl Into<String>,
    ) -> Self {
        let content = Content::Bundle {
            pkcs12: pkcs12.to_vec(),
            password: Some(password.clone()),
        };
        self.payload(content, display_name.into())
    }

    /// Adds how the device makes a key and gets a certificate for it from an ACME server, as `com.apple.security.acme`:
    /// iOS 16, macOS 13.1 and later.
    #[must_use]
    pub fn acme(self, enrollment: AcmeEnrollment, display_name: impl Into<String>) -> Self {
        self.payload(Content::Acme(enrollment), display_name.into())
    }

    /// Adds how the device makes a key and gets a certificate for it from a SCEP server, as `com.apple.security.scep`.
    #[must_use]
    pub fn scep(self, enrollment: ScepEnrollment, display_name: impl Into<String>) -> Self {
        self.payload(Content::Scep(enrollment), display_name.into())
    }

    /// Puts the profile together.
    ///
    /// # Errors
    ///
    /// A [`ProfileError`] if nothing was added, a name cannot be used, or a certificate is not what it was added as.
    pub fn build(self) -> Result<Profile, ProfileError> {
        self.check()?;
        Ok(Profile {
            description: self.description,
            display_name: self.display_name.unwrap_or_else(|| self.identifier.clone()),
            identifier: self.identifier,
            organization: self.organization,
            payloads: self.payloads,
        })
    }

    fn payload(mut self, content: Content, display_name: String) -> Self {
        let name = content.name();
        let same = self.payloads.iter().filter(|it| it.content.name() == name);
        let number = same.count() + 1;
        self.payloads.push(Payload {
            content,
            display_name,
            number,
        });
        self
    }

    fn check(&self) -> Result<(), ProfileError> {
        if self.payloads.is_empty() {
            return Err(ProfileError::Empty);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        if self.identifier.is_empty() || !self.identifier.chars().all(allowed) {
            return Err(ProfileError::Identifier {
                got: self.identifier.clone(),
            });
        }
        let named = [
            ("description", self.description.as_ref()),
            ("display name", self.display_name.as_ref()),
            ("organization", self.organization.as_ref()),
        ];
        let payloads = self.payloads.iter();
        let payloads = payloads.map(|p| ("payload's display name", Some(&p.display_name)));
        for (field, text) in named.into_iter().chain(payloads) {
            if let Some(text) = text {
                check_text(field, text)?;
            }
        }
        self.payloads
            .iter()
            .try_for_each(|payload| match &payload.content {
                Content::Acme(acme) => acme.check(),
                Content::Bundle { password, .. } => match password {
                    Some(password) => check_text("password", password.secret_str()),
                    None => Ok(()),
                },
                Content::Intermediate(der) => check_intermediate(der),
                Content::Root(der) => check_root(der),
                Content::Scep(scep) => scep.check(),
            })
    }
}

/// Without the payloads, one of which may have a password.
impl fmt::Debug for ProfileBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileBuilder")
            .field("identifier", &self.identifier)
            .field("payloads", &self.payloads.len())
            .finish_non_exhaustive()
    }
}
