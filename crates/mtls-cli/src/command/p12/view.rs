//! A bundle as `mtls p12 inspect` shows it.

use pkcs12_ios::{
    Archive, AttributeFault, Bag, BagAttributes, BagContent, Inspection, Opened, OtherAttribute,
    Part, Pbkdf2Prf, Protection, Scheme,
};
use serde::Serialize;

use crate::look::Item;
use crate::output::hex;

/// All that is known of a bundle.
#[derive(Debug, Serialize)]
pub(super) struct BundleView {
    pub(super) bytes: usize,
    /// Null where there is none.
    pub(super) mac: Option<ProtectionView>,
    pub(super) parts: Vec<PartView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) empty_password: Option<&'static str>,
}

/// How something is protected.
#[derive(Debug, Serialize)]
pub(super) struct ProtectionView {
    pub(super) algorithm: String,
    pub(super) oid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prf: Option<PrfView>,
    pub(super) iterations: Option<i64>,
    pub(super) salt: Option<String>,
    pub(super) salt_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key_bytes: Option<i64>,
    /// Whether the password has opened it, or shown it to be right.
    pub(super) opened: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

/// The function inside of PBKDF2.
#[derive(Debug, Serialize)]
pub(super) struct PrfView {
    pub(super) oid: String,
    /// `null`, `absent`, or `default` where the function itself is left out.
    pub(super) parameters: &'static str,
}

/// A part, encrypted or not.
#[derive(Debug, Serialize)]
pub(super) struct PartView {
    /// Null where it is not encrypted.
    pub(super) encryption: Option<ProtectionView>,
    pub(super) bags: Vec<BagView>,
}

/// A bag: what is in it, and its attributes.
#[derive(Debug, Serialize)]
pub(super) struct BagView {
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Which certificate or key of the file it is, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<usize>,
    pub(super) friendly_name: Option<String>,
    pub(super) local_key_id: Option<String>,
    pub(super) attributes: Vec<AttributeView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) faults: Vec<&'static str>,
    /// How a key is encrypted; null for one that is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encryption: Option<ProtectionView>,
    /// For a key, the number of its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<usize>,
    /// Why a key has no certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) no_certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<Item>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) bags: Vec<BagView>,
}

/// An attribute other than the two that everybody knows.
#[derive(Debug, Serialize)]
pub(super) struct AttributeView {
    pub(super) attribute: String,
    /// The first value: its text, or its DER in hexadecimal digits.
    pub(super) value: String,
}

impl BundleView {
    pub(super) fn of(bytes: usize, inspection: &Inspection) -> Self {
        let archive = inspection.archive();
        let mac = inspection.mac().zip(inspection.mac_checked());
        Self {
            bytes,
            mac: mac.map(|(mac, opened)| ProtectionView::of(mac, opened)),
            parts: inspection
                .parts()
                .iter()
                .map(|part| PartView::of(part, archive))
                .collect(),
            empty_password: inspection
                .empty_without_terminator()
                .map(|without| match without {
                    true => "nothing at all, as macOS writes and reads it",
                    false => "two zero octets, as iOS reads it",
                }),
        }
    }
}

impl BundleView {
    /// Whether something is not read for the way in which it is protected.
    pub(super) fn has_problems(&self) -> bool {
        let parts = self.parts.iter();
        let encryptions = parts.clone().filter_map(|part| part.encryption.as_ref());
        let mut all = self.mac.iter().chain(encryptions);
        all.any(|it| it.problem.is_some())
            || parts.clone().any(|part| BagView::have_problems(&part.bags))
    }
}

impl PartView {
    fn of(part: &Part, archive: &Archive) -> Self {
        let protection = part.protection();
        let is_encrypted = protection.scheme != Scheme::None;
        Self {
            encryption: is_encrypted.then(|| ProtectionView::of(protection, part.opened())),
            bags: BagView::all(part.bags(), archive),
        }
    }
}

impl ProtectionView {
    fn of(protection: &Protection, opened: &Opened) -> Self {
        let (oid, prf) = match &protection.scheme {
            Scheme::Mac { hash } => (Some(*hash), None),
            Scheme::Pbes1(oid) | Scheme::Unknown(oid) => (Some(*oid), None),
            Scheme::Pbes2 { prf, cipher } => (Some(*cipher), *prf),
            Scheme::Pbmac1 { prf, hmac } => (Some(*hmac), Some(*prf)),
            _ => (None, None),
        };
        Self {
            algorithm: protection.scheme.to_string(),
            oid: oid.map(|oid| oid.to_string()),
            prf: prf.map(PrfView::of),
            iterations: protection.iterations,
            salt: protection.salt.as_deref().map(hex),
            salt_bytes: protection.salt.as_ref().map(Vec::len),
            key_bytes: protection.key_len,
            opened: matches!(opened, Opened::Yes),
            problem: match opened {
                Opened::No(error) => Some(error.to_string()),
                _ => None,
            },
        }
    }

    /// In one line.
    pub(super) fn line(&self) -> String {
        let mut line = self.algorithm.clone();
        if let Some(prf) = &self.prf {
            line += match prf.parameters {
                "null" => ", with its NULL",
                "absent" => ", without its NULL",
                _ => ", left out",
            };
        }
        if let Some(iterations) = self.iterations {
            line += &format!("; {iterations} iterations");
        }
        if let (Some(salt), Some(bytes)) = (&self.salt, self.salt_bytes) {
            let shown: String = salt.chars().take(LONGEST_SALT).collect();
            let more = if shown.len() < salt.len() { "..." } else { "" };
            line += &format!("; salt of {bytes} bytes, {shown}{more}");
        }
        if let Some(bytes) = self.key_bytes {
            line += &format!("; key of {bytes} bytes");
        }
        line
    }

    /// What the password did to it.
    pub(super) fn state(&self, done: &'static str) -> String {
        match (&self.problem, self.opened) {
            (Some(problem), _) => format!("not read: {problem}"),
            (None, true) => done.to_owned(),
            (None, false) => "the password was not given".to_owned(),
        }
    }
}

impl PrfView {
    fn of(prf: Pbkdf2Prf) -> Self {
        Self {
            oid: prf.oid().to_string(),
            parameters: match prf {
                Pbkdf2Prf::WithNull(_) => "null",
                Pbkdf2Prf::WithoutParameters(_) => "absent",
                _ => "default",
            },
        }
    }
}

impl BagView {
    fn all(bags: &[Bag], archive: &Archive) -> Vec<Self> {
        bags.iter().map(|bag| Self::of(bag, archive)).collect()
    }

    fn of(bag: &Bag, archive: &Archive) -> Self {
        let view = Self::named(bag.attributes());
        match bag.content() {
            BagContent::Bags(bags) => Self {
                kind: "bags".to_owned(),
                bags: Self::all(bags, archive),
                ..view
            },
            BagContent::Certificate(index) => Self {
                kind: "certificate".to_owned(),
                number: Some(index + 1),
                item: archive
                    .certificates()
                    .get(*index)
                    .map(|it| Item::certificate(it.der())),
                ..view
            },
            BagContent::Key {
                protection,
                opened,
                key,
            } => {
                let is_encrypted = protection.scheme != Scheme::None;
                let certificate = key.map(|key| archive.certificate_of(key));
                let (certificate, no_certificate) = match certificate {
                    Some(Ok(index)) => (Some(index + 1), None),
                    Some(Err(error)) => (None, Some(error.to_string())),
                    None => (None, None),
                };
                Self {
                    kind: "key".to_owned(),
                    number: key.map(|key| key + 1),
                    encryption: is_encrypted.then(|| ProtectionView::of(protection, opened)),
                    certificate,
                    no_certificate,
                    item: key
                        .and_then(|key| archive.keys().get(key))
                        .map(|it| Item::private_key(it.secret_pkcs8_der(), None)),
                    ..view
                }
            }
            BagContent::Skipped(index) => Self {
                kind: archive
                    .skipped()
                    .get(*index)
                    .map_or_else(|| "unknown".to_owned(), |it| it.kind()),
                ..view
            },
            _ => view,
        }
    }

    fn have_problems(bags: &[Self]) -> bool {
        bags.iter().any(|bag| {
            let own = bag
                .encryption
                .as_ref()
                .is_some_and(|it| it.problem.is_some());
            own || Self::have_problems(&bag.bags)
        })
    }

    fn named(attributes: &BagAttributes) -> Self {
        Self {
            kind: "unknown".to_owned(),
            number: None,
            friendly_name: attributes.friendly_name().map(str::to_owned),
            local_key_id: attributes.local_key_id().map(hex),
            attributes: attributes.others().iter().map(AttributeView::of).collect(),
            faults: attributes.faults().iter().map(fault).collect(),
            encryption: None,
            certificate: None,
            no_certificate: None,
            item: None,
            bags: Vec::new(),
        }
    }
}

impl AttributeView {
    fn of(attribute: &OtherAttribute) -> Self {
        let der = attribute.values.first().map(|der| hex(der));
        Self {
            attribute: attribute.kind(),
            value: attribute.text().or(der).unwrap_or_default(),
        }
    }
}

fn fault(fault: &AttributeFault) -> &'static str {
    match fault {
        AttributeFault::KeyIdNotOctets => "localKeyID is not an OCTET STRING",
        AttributeFault::NameNotBmp => "friendlyName is not a BMPString",
        AttributeFault::NotOneValue => "friendlyName or localKeyID does not have exactly one value",
        _ => "an attribute is not as RFC 2985 says",
    }
}

/// Characters of a salt in a line for people.
const LONGEST_SALT: usize = 64;
