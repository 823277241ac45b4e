//! Why a reader refuses a file.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION};
use pbe::oid;

use super::inspection::Inspection;
use super::reader::Reader;
use crate::read::{Archive, BagAttributes, Pbkdf2Prf, Place, Protection, Scheme};

/// Something about a file that a reader does not take. Most readers say nothing but that the password is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Objection {
    /// Where in the file.
    pub place: Place,
    /// What it is, for a person.
    pub sentence: String,
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.sentence)
    }
}

impl Inspection {
    /// Why `reader` does not take the file; empty if nothing is known against it.
    ///
    /// Without a password, nothing is known of kinds of keys and of attributes.
    #[must_use]
    pub fn check(&self, reader: Reader) -> Vec<Objection> {
        let mut objections = Vec::new();
        let mut object = |place, sentence: String| objections.push(Objection { place, sentence });
        match self.mac() {
            None => object(Place::Mac, "there is none".to_owned()),
            Some(mac) => {
                if let Some(sentence) = against_mac(mac, reader) {
                    object(Place::Mac, sentence);
                }
            }
        }
        if self.has_empty_password() && reader.is_apple() {
            // Two zero bytes for one decoder, none at all for another: a file can satisfy only one of them.
            let sentence = "what an empty password is differs among Apple's readers".to_owned();
            object(Place::Mac, sentence);
        }
        for part in self.parts() {
            if let Some(sentence) = against_part(part, reader) {
                object(part.place, sentence);
            }
        }
        if let Some(archive) = self.archive() {
            for sentence in against_content(archive, reader) {
                object(Place::KeyBag, sentence);
            }
        }
        objections
    }
}

fn against_mac(mac: &Protection, reader: Reader) -> Option<String> {
    let taken = match mac.scheme {
        Scheme::Mac { hash } => reader.takes_mac(hash),
        _ => false,
    };
    if !taken {
        return Some(format!("{} is not taken", mac.scheme));
    }
    empty_salt(mac, reader)
}

fn against_part(part: &Protection, reader: Reader) -> Option<String> {
    match &part.scheme {
        Scheme::None if reader.is_apple() => {
            Some("a key that is not encrypted is ignored".to_owned())
        }
        Scheme::None => None,
        Scheme::Pbes1(algorithm) if reader.takes_pbes1(*algorithm) => empty_salt(part, reader),
        Scheme::Pbes2 { prf, cipher } if reader.takes_pbes2() => match reader {
            // Its template has no other form: cipher and function are not even looked at.
            Reader::Ios18 => {
                let taken = *cipher == oid::AES_256_CBC
                    && *prf == Some(Pbkdf2Prf::WithNull(oid::HMAC_SHA_256));
                (!taken).then(|| {
                    format!(
                        "{} is not taken, but AES-256 with PBKDF2 and HMAC-SHA-256 whose parameters are NULL",
                        part.scheme
                    )
                })
            }
            _ if prf.is_none() => Some(format!("{} is not taken", part.scheme)),
            _ => None,
        },
        other => Some(format!("{other} is not taken")),
    }
}

fn empty_salt(protection: &Protection, reader: Reader) -> Option<String> {
    let empty = protection.salt_len == Some(0) && reader.is_apple();
    empty.then(|| "an empty salt is not taken".to_owned())
}

fn against_content(archive: &Archive, reader: Reader) -> Vec<String> {
    let mut sentences = Vec::new();
    if reader.is_apple() || reader == Reader::Nss {
        let taken: [ObjectIdentifier; 2] = [RSA_ENCRYPTION, ID_EC_PUBLIC_KEY];
        for key in archive.keys() {
            if !taken.contains(&key.algorithm()) {
                let kind = oid::describe(&key.algorithm());
                sentences.push(format!("a key of kind {kind} is not taken"));
            }
        }
    }
    if reader.is_apple() {
        sentences.extend(against_pairing(archive));
    }
    sentences
}

/// Apple puts bags into a table, by localKeyID, else by friendlyName, else alone: a later bag replaces an earlier one
/// of its kind, and a key without a certificate beside it is nobody's.
fn against_pairing(archive: &Archive) -> Vec<String> {
    let keys: Vec<_> = archive
        .keys()
        .iter()
        .map(|key| slot(key.attributes()))
        .collect();
    let certificates = archive.certificates().iter();
    let certificates: Vec<_> = certificates.map(|one| slot(one.attributes())).collect();
    let mut sentences = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let paired = key.is_some() && certificates.contains(key);
        if !paired {
            sentences.push(
                "neither localKeyID nor friendlyName says which certificate is the key's"
                    .to_owned(),
            );
        }
        if key.is_some() && keys.get(..index).is_some_and(|before| before.contains(key)) {
            sentences
                .push("two keys have the same attributes, and one replaces the other".to_owned());
        }
    }
    for (index, certificate) in certificates.iter().enumerate() {
        let before = certificates.get(..index).unwrap_or_default();
        if certificate.is_some() && before.contains(certificate) {
            sentences.push(
                "two certificates have the same attributes, and one replaces the other".to_owned(),
            );
        }
    }
    if keys.len() != 1 {
        sentences.push(format!(
            "exactly one key is expected, and there are {}",
            keys.len()
        ));
    }
    sentences
}

fn slot(attributes: &BagAttributes) -> Option<(&'static str, Vec<u8>)> {
    let id = attributes.local_key_id().map(|id| ("id", id.to_vec()));
    id.or_else(|| {
        let name = attributes.friendly_name()?;
        Some(("name", name.as_bytes().to_vec()))
    })
}
