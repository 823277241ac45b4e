//! Apple configuration profiles (`.mobileconfig`).

use plist::{Dictionary, Value, XmlWriteOptions};
use uuid::Uuid;

/// A configuration profile that brings a root certificate and a bundle to an Apple device.
///
/// The bundle's password is not in it, because a profile is not a safe place. The device asks for the password while it
/// installs the profile. The profile is not signed, and devices say so.
///
/// What it installs is for Safari, Mail, VPN and Wi-Fi. Apps from elsewhere cannot use it and have
/// to import the bundle themselves. A root that comes by hand, not by device management, has to be
/// switched on once more under Settings, General, About, Certificate Trust Settings.
#[derive(Clone, Debug)]
pub struct Profile {
    root: Dictionary,
}

impl Profile {
    /// Starts a profile named `identifier`, in reverse DNS order such as `com.example.mtls`.
    ///
    /// A device replaces an installed profile by one with the same identifier.
    #[must_use]
    pub fn builder(identifier: impl Into<String>) -> ProfileBuilder {
        ProfileBuilder {
            description: None,
            display_name: None,
            identifier: identifier.into(),
            organization: None,
            payloads: Vec::new(),
        }
    }

    /// The profile as XML, to be served as `application/x-apple-aspen-config`.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Encode`] if the XML cannot be written.
    pub fn to_xml(&self) -> Result<Vec<u8>, ProfileError> {
        let mut xml = Vec::new();
        Value::Dictionary(self.root.clone())
            .to_writer_xml_with_options(&mut xml, &XmlWriteOptions::default())
            .map_err(|source| ProfileError::Encode(source.into()))?;
        xml.push(b'\n');
        Ok(xml)
    }
}

/// Why no profile was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A name that a user would see has characters that XML cannot carry.
    #[error("the {field} has control characters")]
    ControlCharacters {
        /// Which one.
        field: &'static str,
    },

    /// There is nothing in it.
    #[error("the profile has neither a root certificate nor a bundle")]
    Empty,

    /// The XML could not be written.
    #[error("the profile could not be encoded")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// The identifier is not one that keeps profiles apart.
    #[error("the identifier {got:?} is not made of letters, digits, hyphens and dots")]
    Identifier {
        /// What was given.
        got: String,
    },
}

/// A profile in the making, from [`Profile::builder`].
#[derive(Clone, Debug)]
pub struct ProfileBuilder {
    description: Option<String>,
    display_name: Option<String>,
    identifier: String,
    organization: Option<String>,
    payloads: Vec<Payload>,
}

#[derive(Clone, Debug)]
struct Payload {
    content: Vec<u8>,
    display_name: String,
    file_name: &'static str,
    kind: &'static str,
    suffix: String,
}

impl ProfileBuilder {
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
        self.payload(
            "com.apple.security.root",
            "root",
            "ca.cer",
            certificate,
            display_name.into(),
        )
    }

    /// Adds a bundle, as `com.apple.security.pkcs12`, without its password.
    ///
    /// A device wants exactly one identity in it, as every [`Bundle`](crate::Bundle) has.
    #[must_use]
    pub fn bundle(self, pkcs12: &[u8], display_name: impl Into<String>) -> Self {
        let kind = "com.apple.security.pkcs12";
        self.payload(kind, "identity", "client.p12", pkcs12, display_name.into())
    }

    /// Puts the profile together.
    ///
    /// # Errors
    ///
    /// A [`ProfileError`] if nothing was added, or a name cannot be used.
    pub fn build(self) -> Result<Profile, ProfileError> {
        self.check()?;
        let display_name = self.display_name.unwrap_or_else(|| self.identifier.clone());
        let mut root = header("Configuration", &self.identifier, &display_name);
        let optional = [
            ("PayloadDescription", self.description),
            ("PayloadOrganization", self.organization),
        ];
        for (name, text) in optional {
            if let Some(text) = text {
                root.insert(name.to_owned(), text.into());
            }
        }
        let payloads = self.payloads.into_iter().map(|payload| {
            let identifier = format!("{}.{}", self.identifier, payload.suffix);
            let mut entry = header(payload.kind, &identifier, &payload.display_name);
            entry.insert(
                "PayloadCertificateFileName".to_owned(),
                payload.file_name.into(),
            );
            entry.insert("PayloadContent".to_owned(), Value::Data(payload.content));
            Value::Dictionary(entry)
        });
        root.insert(
            "PayloadContent".to_owned(),
            Value::Array(payloads.collect()),
        );
        Ok(Profile { root })
    }

    fn payload(
        mut self,
        kind: &'static str,
        name: &str,
        file_name: &'static str,
        content: &[u8],
        display_name: String,
    ) -> Self {
        let number = self
            .payloads
            .iter()
            .filter(|payload| payload.kind == kind)
            .count()
            + 1;
        self.payloads.push(Payload {
            content: content.to_vec(),
            display_name,
            file_name,
            kind,
            suffix: format!("{name}{number}"),
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
        let payloads = self
            .payloads
            .iter()
            .map(|p| ("payload's display name", Some(&p.display_name)));
        for (field, text) in named.into_iter().chain(payloads) {
            let control = |c: char| c.is_control() && c != '\n';
            if text.is_some_and(|text| text.contains(control)) {
                return Err(ProfileError::ControlCharacters { field });
            }
        }
        Ok(())
    }
}

/// What every payload has, the profile itself included.
fn header(kind: &str, identifier: &str, display_name: &str) -> Dictionary {
    // The same identifier always gives the same UUID, so that a profile made anew is an update.
    let uuid = Uuid::new_v5(&Uuid::NAMESPACE_DNS, identifier.as_bytes());
    let mut header = Dictionary::new();
    header.insert("PayloadDisplayName".to_owned(), display_name.into());
    header.insert("PayloadIdentifier".to_owned(), identifier.into());
    header.insert("PayloadType".to_owned(), kind.into());
    header.insert(
        "PayloadUUID".to_owned(),
        uuid.hyphenated().to_string().to_uppercase().into(),
    );
    header.insert("PayloadVersion".to_owned(), 1.into());
    header
}
