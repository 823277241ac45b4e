//! Why a reader refuses a file.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION};
use pbe::oid;

use super::algorithms::{self, Refusal};
use super::curve;
use super::inspection::{Inspection, PasswordForm};
use super::message::{self, Failure};
use super::objection::{Effect, Objection, Outlook};
use super::pairing::{Kind, Pairing};
use super::reader::Reader;
use crate::asn1::oid as bag_oid;
use crate::read::{BagContent, Opened, Place, Protection, Scheme};

impl Inspection {
    /// Why `reader` does not take the file, or not all of it; empty if nothing is known against it.
    ///
    /// Without a password, nothing is known of what is encrypted: kinds of keys, attributes of certificates.
    #[must_use]
    pub fn check(&self, reader: Reader) -> Vec<Objection> {
        self.outlook(reader).objections
    }

    /// What `reader` makes of the file: what it has against it, and how many identities it imports.
    #[must_use]
    pub fn outlook(&self, reader: Reader) -> Outlook {
        let mut case = Case {
            reader,
            objections: Vec::new(),
        };
        case.judge_mac(self);
        case.judge_password(self);
        for part in self.parts() {
            case.judge_encryption(part.protection());
        }
        for bag in self.bags() {
            if let BagContent::Key { protection, .. } = bag.content() {
                case.judge_key_protection(protection);
            }
        }
        if reader.is_apple() || reader == Reader::Nss {
            case.judge_kinds_of_keys(self);
        }
        let identities = if reader.is_apple() {
            case.judge_apple_bags(self);
            case.judge_apple_pairing(self)
        } else {
            self.identities_of(reader)
        };
        let refused = Outlook {
            objections: case.objections,
            identities,
        };
        match refused.is_refused() {
            true => Outlook {
                identities: Some(0),
                ..refused
            },
            false => refused,
        }
    }

    /// Whether all that is encrypted has been opened.
    fn is_open(&self) -> bool {
        let is_open = |opened: &Opened| matches!(opened, Opened::Yes);
        let parts = self.parts().iter().all(|part| is_open(part.opened()));
        parts
            && self.bags().iter().all(|bag| match bag.content() {
                BagContent::Key { opened, .. } => is_open(opened),
                _ => true,
            })
    }

    /// The keys with their certificates that readers other than Apple's find. None where that is not known, and where
    /// the file has no key at all.
    fn identities_of(&self, reader: Reader) -> Option<usize> {
        let keys = self.archive().keys().len();
        if !self.is_open() || keys == 0 {
            return None;
        }
        let plain = |content: &BagContent| match content {
            BagContent::Key { protection, .. } => protection.scheme == Scheme::None,
            _ => false,
        };
        let passed_over = self
            .bags()
            .iter()
            .filter(|bag| plain(bag.content()))
            .count();
        let passed_over = if reader.is_java() { passed_over } else { 0 };
        Some(keys - passed_over.min(keys))
    }
}

/// What is found against a file, for one reader.
struct Case {
    reader: Reader,
    objections: Vec<Objection>,
}

impl Case {
    fn object(
        &mut self,
        place: Place,
        effect: Effect,
        failure: Failure,
        sentence: impl Into<String>,
    ) {
        let message = match effect {
            Effect::Refused => message::of(self.reader, failure),
            _ => None,
        };
        self.objections.push(Objection {
            place,
            effect,
            sentence: sentence.into(),
            message,
        });
    }

    fn refuse(&mut self, place: Place, failure: Failure, sentence: impl Into<String>) {
        self.object(place, Effect::Refused, failure, sentence);
    }

    fn judge_mac(&mut self, inspection: &Inspection) {
        let place = Place::Mac;
        let Some(mac) = inspection.mac() else {
            return self.judge_missing_mac();
        };
        if let Some(Refusal { effect, why }) = algorithms::against_mac(&mac.scheme, self.reader) {
            let sentence = format!("it is {}, and {why}", mac.scheme);
            self.object(place, effect, Failure::Mac, sentence);
            return;
        }
        self.judge_salt(mac, Failure::Mac);
        self.judge_iterations(mac);
    }

    fn judge_missing_mac(&mut self) {
        let sentence = "there is none";
        let place = Place::Mac;
        match self.reader {
            Reader::Java17 | Reader::OpenSsl3 => {}
            Reader::Java8 | Reader::Win1709 | Reader::Win2016 => {
                let sentence = format!("{sentence}, and nobody has reported what comes of it");
                self.object(place, Effect::Unknown, Failure::NoMac, sentence);
            }
            _ => self.refuse(
                place,
                Failure::NoMac,
                format!("{sentence}, and it is required"),
            ),
        }
    }

    fn judge_password(&mut self, inspection: &Inspection) {
        let reader = self.reader;
        match inspection.password() {
            Some(PasswordForm::Unicode) if matches!(reader, Reader::Java17 | Reader::Java8) => {
                let sentence = "the password has characters other than ASCII, which Java refuses in every file";
                self.refuse(Place::Mac, Failure::UnicodePassword, sentence);
            }
            Some(PasswordForm::Empty) if reader.is_apple() && inspection.mac().is_some() => {
                let on_mac = matches!(reader, Reader::MacOs14 | Reader::MacOs15);
                let sentence = match (inspection.empty_without_terminator(), on_mac) {
                    (Some(false), true) => {
                        "the password is empty and was written as two zero octets, and this reader takes nothing at all"
                    }
                    (Some(true), false) => {
                        "the password is empty and was written as nothing at all, and this reader takes two zero octets"
                    }
                    _ => return,
                };
                self.refuse(Place::Mac, Failure::Mac, sentence);
            }
            _ => {}
        }
    }

    fn judge_encryption(&mut self, protection: &Protection) {
        let refusal = algorithms::against_encryption(&protection.scheme, self.reader);
        if let Some(Refusal { effect, why }) = refusal {
            let sentence = format!("it is {}, and {why}", protection.scheme);
            self.object(protection.place, effect, Failure::Encryption, sentence);
            return;
        }
        if protection.scheme != Scheme::None {
            self.judge_salt(protection, Failure::Encryption);
            self.judge_iterations(protection);
        }
    }

    fn judge_key_protection(&mut self, protection: &Protection) {
        let left_out =
            protection.scheme == Scheme::None && (self.reader.is_apple() || self.reader.is_java());
        if left_out {
            let sentence = "it is not encrypted, and such keys are passed over";
            self.object(
                protection.place,
                Effect::LeftOut,
                Failure::Content,
                sentence,
            );
        } else {
            self.judge_encryption(protection);
        }
    }

    fn judge_salt(&mut self, protection: &Protection, failure: Failure) {
        let is_empty = protection.salt.as_ref().is_some_and(Vec::is_empty);
        if is_empty && self.reader.is_apple() {
            self.refuse(protection.place, failure, "its salt is empty, which fails");
        }
    }

    fn judge_iterations(&mut self, protection: &Protection) {
        let Some(iterations) = protection.iterations else {
            return;
        };
        let place = protection.place;
        let said = pbe::iterations(iterations);
        if self.reader.is_apple() {
            if i32::try_from(iterations).is_err() {
                let sentence =
                    format!("it asks for {said} iterations, more than its decoder has octets for");
                self.refuse(place, Failure::Content, sentence);
            } else if iterations < 0 {
                let sentence = format!(
                    "it asks for {said} iterations, which its decoder takes for more than two thousand million and works \
                     on for minutes"
                );
                self.refuse(place, Failure::Content, sentence);
            }
        } else if iterations < 1 {
            let sentence =
                format!("it asks for {said} iterations, which is refused or read as one");
            let effect = match self.reader {
                Reader::Java8 | Reader::Java17 => Effect::Refused,
                _ => Effect::Unknown,
            };
            self.object(place, effect, Failure::Content, sentence);
        } else if iterations > 5_000_000 && self.reader.is_java() {
            let sentence =
                format!("it asks for {said} iterations, and Java takes no more than 5,000,000");
            self.refuse(place, Failure::Content, sentence);
        }
    }

    fn judge_kinds_of_keys(&mut self, inspection: &Inspection) {
        let taken: [ObjectIdentifier; 2] = [RSA_ENCRYPTION, ID_EC_PUBLIC_KEY];
        for bag in inspection.bags() {
            let BagContent::Key {
                protection,
                key: Some(key),
                ..
            } = bag.content()
            else {
                continue;
            };
            let key = &inspection.archive().keys()[*key];
            let algorithm = key.algorithm();
            let is_passed_over = self.reader.is_apple() && protection.scheme == Scheme::None;
            if !taken.contains(&algorithm) && !is_passed_over {
                let kind = oid::describe(&algorithm);
                let sentence =
                    format!("it is of the kind {kind}, and RSA and ECDSA keys alone are taken");
                self.refuse(Place::KeyBag, Failure::Content, sentence);
            }
            if self.reader.is_apple()
                && !is_passed_over
                && let Some(sentence) = curve::mistaken(key.secret_pkcs8_der())
            {
                self.refuse(Place::KeyBag, Failure::Content, sentence);
            }
        }
    }

    fn judge_apple_bags(&mut self, inspection: &Inspection) {
        let passed_over = [bag_oid::CRL_BAG, bag_oid::SECRET_BAG];
        for bag in inspection.bags() {
            match bag.content() {
                BagContent::Skipped(index) => {
                    let skipped = &inspection.archive().skipped()[*index];
                    if !passed_over.contains(&skipped.oid()) {
                        let kind = skipped.kind();
                        let sentence =
                            format!("a bag is of the type {kind}, which its decoder does not know");
                        self.refuse(Place::SafeContents, Failure::Content, sentence);
                    }
                }
                BagContent::Bags(_) => {
                    let sentence = "bags within a bag are passed over";
                    self.object(
                        Place::SafeContents,
                        Effect::LeftOut,
                        Failure::Content,
                        sentence,
                    );
                }
                _ => {}
            }
            if !bag.attributes().faults().is_empty() {
                let sentence = "friendlyName is not one BMPString, or localKeyID not one OCTET STRING, which its \
                                decoder insists on";
                self.refuse(Place::SafeContents, Failure::Content, sentence);
            }
        }
    }

    /// How many identities there are in the end; none where that is not known.
    fn judge_apple_pairing(&mut self, inspection: &Inspection) -> Option<usize> {
        if !inspection.is_open() {
            return None;
        }
        let pairing = Pairing::of(inspection);
        let mut left_out = |place, sentence: &str| {
            self.object(place, Effect::LeftOut, Failure::Content, sentence);
        };
        if pairing.lone_keys > 0 {
            left_out(
                Place::KeyBag,
                "neither localKeyID nor friendlyName says which certificate is the key's, so it is imported without, \
                 and that is not an identity",
            );
        }
        for kind in &pairing.replaced {
            let (place, sentence) = match kind {
                Kind::Certificate => (
                    Place::CertificateBag,
                    "two certificates have the same localKeyID or friendlyName, and one replaces the other",
                ),
                Kind::Key => (
                    Place::KeyBag,
                    "two keys have the same localKeyID or friendlyName, and one replaces the other",
                ),
            };
            left_out(place, sentence);
        }
        match pairing.identities {
            0 => left_out(
                Place::Pfx,
                "there is no key with a certificate, and without one nothing is imported",
            ),
            1 => {}
            _ => left_out(
                Place::Pfx,
                "there are several keys, and apps and profiles expect exactly one",
            ),
        }
        Some(pairing.identities)
    }
}
