//! One payload of a profile, as a property list.

use pki_core::Password;
use plist::{Dictionary, Value};
use uuid::Uuid;

use super::enrollment::{AcmeEnrollment, ScepEnrollment};

/// A payload, named by its kind and its number among those of its kind.
#[derive(Clone)]
pub(super) struct Payload {
    pub(super) content: Content,
    pub(super) display_name: String,
    pub(super) number: usize,
}

#[derive(Clone)]
pub(super) enum Content {
    Acme(AcmeEnrollment),
    Bundle {
        pkcs12: Vec<u8>,
        password: Option<Password>,
    },
    Intermediate(Vec<u8>),
    Root(Vec<u8>),
    Scep(ScepEnrollment),
}

impl Content {
    fn kind(&self) -> &'static str {
        match self {
            Self::Acme(_) => "com.apple.security.acme",
            Self::Bundle { .. } => "com.apple.security.pkcs12",
            Self::Intermediate(_) => "com.apple.security.pkcs1",
            Self::Root(_) => "com.apple.security.root",
            Self::Scep(_) => "com.apple.security.scep",
        }
    }

    /// The last part of a payload's identifier, before its number.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Acme(_) => "acme",
            Self::Bundle { .. } => "identity",
            Self::Intermediate(_) => "intermediate",
            Self::Root(_) => "root",
            Self::Scep(_) => "scep",
        }
    }
}

impl Payload {
    pub(super) fn plist(&self, profile: &str) -> Dictionary {
        let identifier = format!("{profile}.{}{}", self.content.name(), self.number);
        let mut entry = header(self.content.kind(), &identifier, &self.display_name);
        let mut add = |name: &str, value: Value| entry.insert(name.to_owned(), value);
        let file = |name: &str| Value::from(name);
        match &self.content {
            Content::Acme(acme) => {
                for (name, value) in acme.plist() {
                    entry.insert(name, value);
                }
            }
            Content::Bundle { pkcs12, password } => {
                add("PayloadCertificateFileName", file("client.p12"));
                add("PayloadContent", Value::Data(pkcs12.clone()));
                if let Some(password) = password {
                    add("Password", password.secret_str().into());
                }
            }
            Content::Intermediate(der) => {
                add("PayloadCertificateFileName", file("intermediate.cer"));
                add("PayloadContent", Value::Data(der.clone()));
            }
            Content::Root(der) => {
                add("PayloadCertificateFileName", file("ca.cer"));
                add("PayloadContent", Value::Data(der.clone()));
            }
            Content::Scep(scep) => {
                add("PayloadContent", scep.plist().into());
            }
        }
        entry
    }
}

/// What every payload has, the profile itself included.
pub(super) fn header(kind: &str, identifier: &str, display_name: &str) -> Dictionary {
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
