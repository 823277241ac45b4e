//! Android Key Attestation.

use std::slice::from_ref;

use base16ct::lower::encode_string;
use pki_attest::android::{
    AndroidRefusal, ExpectedKey, KeyAttestation, KeyDescription, Policy, StatusList,
};
use pki_attest::simulator::{AndroidSimulator, Factory};
use rcgen::KeyPair;
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use super::{NOW, each_octet_changed, each_order};

/// A chain that leads to one of the roots.
pub(super) struct Chain {
    pub(super) chain: Vec<Certificate>,
    pub(super) roots: Vec<Certificate>,
    pub(super) now: OffsetDateTime,
}

impl Chain {
    fn read(&self, chain: &[Certificate]) -> Result<KeyAttestation, AndroidRefusal> {
        KeyAttestation::read(chain, &self.roots, None, self.now)
    }

    pub(super) fn change_in_each_way(&self) {
        assert!(self.read(&self.chain).is_ok());
        for wrong in each_order(&self.chain) {
            assert!(self.read(&wrong).is_err());
        }
        let (root, below) = self.chain.split_last().unwrap();
        for (number, certificate) in below.iter().enumerate() {
            for (at, changed) in each_octet_changed(certificate.der()) {
                let mut chain = self.chain.clone();
                let Ok(changed) = Certificate::from_der(&changed) else {
                    continue;
                };
                chain[number] = changed;
                assert!(
                    self.read(&chain).is_err(),
                    "certificate {number}, octet {at}"
                );
            }
        }
        // Of the root, its name and its key count, and nothing else.
        for (at, changed) in each_octet_changed(root.der()) {
            let Ok(changed) = Certificate::from_der(&changed) else {
                continue;
            };
            let is_same = changed.spki_der() == root.spki_der()
                && changed.is_ca()
                && changed.subject() == root.subject()
                && changed.issuer() == root.subject();
            let mut chain = self.chain.clone();
            chain.pop();
            chain.push(changed);
            assert!(is_same || self.read(&chain).is_err(), "octet {at}");
        }
        self.change_surroundings();
    }

    fn change_surroundings(&self) {
        let others = AndroidSimulator::new(Factory::Remote, self.now).unwrap();
        let root = others.root().clone();
        let seen = KeyAttestation::read(&self.chain, from_ref(&root), None, self.now);
        assert!(matches!(seen, Err(AndroidRefusal::UnknownRoot { .. })));
        // With another root at its end, which is trusted, too.
        let mut chain = self.chain.clone();
        chain.pop();
        chain.push(root.clone());
        let roots = [&self.roots[..], &[root]].concat();
        let seen = KeyAttestation::read(&chain, &roots, None, self.now);
        assert!(matches!(seen, Err(AndroidRefusal::Chain(_))));
        let early = OffsetDateTime::UNIX_EPOCH + Duration::days(1);
        assert!(KeyAttestation::read(&self.chain, &self.roots, None, early).is_err());
        for certificate in &self.chain {
            let serial = encode_string(certificate.serial().as_bytes());
            let serial = serial.trim_start_matches('0');
            for state in ["REVOKED", "SUSPENDED"] {
                let list = format!(r#"{{"entries":{{"{serial}":{{"status":"{state}"}}}}}}"#);
                let list = StatusList::from_json(list.as_bytes(), self.now).unwrap();
                let seen = KeyAttestation::read(&self.chain, &self.roots, Some(&list), self.now);
                assert!(matches!(seen, Err(AndroidRefusal::Withdrawn { .. })));
            }
        }
    }
}

/// A description, as the values that it is made of.
#[derive(Clone)]
pub(super) struct Written {
    head: Vec<Vec<u8>>,
    software: Vec<(u32, Vec<u8>)>,
    hardware: Vec<(u32, Vec<u8>)>,
}

impl Written {
    pub(super) fn of(certificate: &Certificate) -> Self {
        let oid = "1.3.6.1.4.1.11129.2.1.17".parse().unwrap();
        let value = certificate.extension(oid).unwrap().value.to_vec();
        let fields = values(content(&value).1);
        let list = |octets: &[u8]| {
            let entries = values(content(octets).1).into_iter();
            entries
                .map(|it| {
                    let (tag, inside) = content(&it);
                    (tag, inside.to_vec())
                })
                .collect()
        };
        Self {
            head: fields[..6].to_vec(),
            software: list(&fields[6]),
            hardware: list(&fields[7]),
        }
    }

    fn octets(&self) -> Vec<u8> {
        let list = |entries: &[(u32, Vec<u8>)]| {
            let entries = entries.iter().map(|(tag, it)| context(*tag, it));
            tlv(0x30, &entries.collect::<Vec<_>>().concat())
        };
        let lists = [list(&self.software), list(&self.hardware)].concat();
        tlv(0x30, &[self.head.concat(), lists].concat())
    }

    /// Whether it is accepted, and if it can be read at all.
    fn is_accepted(&self) -> Option<bool> {
        let description = KeyDescription::from_der(&self.octets()).ok()?;
        let challenge = content(&self.head[4]).1.to_vec();
        let key = KeyAttestation {
            description,
            public_key: b"key".to_vec(),
            has_strong_box: true,
            certificates_issued: None,
        };
        let policy = Policy {
            locked: false,
            verified_boot: false,
            ..Policy::default()
        };
        let expected = ExpectedKey {
            challenge: &challenge,
            public_key: Some(b"key"),
        };
        Some(key.check(&policy, &expected).is_ok())
    }

    /// What has to be there, once and as it was, for the key to be accepted: its purposes, its origin, what was booted.
    fn has_what_counts(&self, original: &Self) -> bool {
        [1, 702, 704].iter().all(|tag| {
            let of = |it: &Self| -> Vec<_> {
                let entries = it.hardware.iter().filter(|(other, _)| other == tag);
                entries.cloned().collect()
            };
            of(self) == of(original)
        })
    }

    pub(super) fn change_in_each_way(&self) {
        assert_eq!(self.is_accepted(), Some(true));
        let counts = |tag: u32| [1, 702, 704].contains(&tag);
        for at in 0..self.hardware.len() {
            let (tag, value) = self.hardware[at].clone();
            let mut removed = self.clone();
            removed.hardware.remove(at);
            assert_eq!(removed.is_accepted(), Some(!counts(tag)), "without {tag}");
            // The operating system may say whatever it likes.
            let mut moved = removed.clone();
            moved.software.retain(|(other, _)| *other != tag);
            moved.software.push((tag, value.clone()));
            assert_eq!(moved.is_accepted(), Some(!counts(tag)), "moved {tag}");
            let mut later = removed.clone();
            later.hardware.push((tag, value.clone()));
            assert_eq!(later.is_accepted(), Some(true), "{tag} at the end");
            let mut twice = self.clone();
            twice.hardware.push((tag, value.clone()));
            assert_eq!(twice.is_accepted(), None, "{tag} twice");
            for other in other_values() {
                let mut changed = self.clone();
                changed.hardware[at].1 = other;
                if changed.is_accepted() == Some(true) {
                    assert!(changed.has_what_counts(self), "{tag}");
                }
            }
            for length in 0..value.len() {
                let mut short = self.clone();
                short.hardware[at].1.truncate(length);
                assert!(!counts(tag) || short.is_accepted() != Some(true), "{tag}");
            }
        }
        for at in 0..self.software.len() {
            let mut removed = self.clone();
            removed.software.remove(at);
            assert_eq!(removed.is_accepted(), Some(true));
            let mut twice = self.clone();
            twice.software.push(self.software[at].clone());
            assert_eq!(twice.is_accepted(), None);
        }
        for field in 0..self.head.len() {
            let mut removed = self.clone();
            removed.head.remove(field);
            assert_eq!(removed.is_accepted(), None);
            let mut twice = self.clone();
            twice.head.insert(field, self.head[field].clone());
            assert_eq!(twice.is_accepted(), None);
        }
        // Software, a level that there is not, and one that differs from the other.
        for (field, level) in [(1, 0), (3, 0), (1, 3), (3, 3), (1, 0xff), (3, 0xff)] {
            let mut changed = self.clone();
            changed.head[field] = vec![0x0a, 1, level];
            assert_ne!(changed.is_accepted(), Some(true), "{field} {level}");
        }
        self.change_octets();
    }

    fn change_octets(&self) {
        let octets = self.octets();
        for (_, changed) in each_octet_changed(&octets) {
            let _ = KeyDescription::from_der(&changed);
        }
        for length in 0..octets.len() {
            assert!(KeyDescription::from_der(&octets[..length]).is_err());
        }
    }
}

/// Values of each type, and integers that are hardly any.
fn other_values() -> Vec<Vec<u8>> {
    let huge = [&[0x02, 0x11, 0x01][..], &[0; 16]].concat();
    vec![
        Vec::new(),
        vec![0x02, 0x00],
        vec![0x02, 0x01, 0x01],
        vec![0x02, 0x01, 0xff],
        vec![0x02, 0x04, 0x7f, 0xff, 0xff, 0xff],
        vec![0x02, 0x09, 0x01, 0, 0, 0, 0, 0, 0, 0, 0],
        huge,
        vec![0x01, 0x01, 0xff],
        vec![0x04, 0x00],
        vec![0x04, 0x02, 0xff, 0xfe],
        vec![0x05, 0x00],
        vec![0x0a, 0x01, 0x00],
        vec![0x30, 0x00],
        vec![0x31, 0x00],
        vec![0x31, 0x03, 0x02, 0x01, 0x07],
        vec![0x30, 0x80, 0x00, 0x00],
        vec![0x04, 0x84, 0xff, 0xff, 0xff, 0xff],
        vec![
            0x30, 0x09, 0x04, 0x00, 0x01, 0x01, 0x00, 0x0a, 0x01, 0x04, 0x00,
        ],
    ]
}

/// A value's tag number, and what is inside.
fn content(octets: &[u8]) -> (u32, &[u8]) {
    let (tag, rest) = match octets[0] & 0x1f {
        0x1f if octets[1] & 0x80 == 0 => (u32::from(octets[1]), &octets[2..]),
        0x1f => {
            let number = u32::from(octets[1] & 0x7f) << 7 | u32::from(octets[2]);
            (number, &octets[3..])
        }
        number => (u32::from(number), &octets[1..]),
    };
    match rest[0] {
        0x81 => (tag, &rest[2..2 + usize::from(rest[1])]),
        0x82 => {
            let length = usize::from(rest[1]) << 8 | usize::from(rest[2]);
            (tag, &rest[3..3 + length])
        }
        short => (tag, &rest[1..1 + usize::from(short)]),
    }
}

/// The values one after the other, each with its tag.
fn values(mut octets: &[u8]) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    while !octets.is_empty() {
        let inside = content(octets).1;
        let length = inside.as_ptr() as usize - octets.as_ptr() as usize + inside.len();
        values.push(octets[..length].to_vec());
        octets = &octets[length..];
    }
    values
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag][..], &length(content.len()), content].concat()
}

fn context(number: u32, content: &[u8]) -> Vec<u8> {
    let [high, low] = [(number >> 7) as u8, (number & 0x7f) as u8];
    let tag = match number {
        0..31 => vec![0xa0 | low],
        31..128 => vec![0xbf, low],
        _ => vec![0xbf, 0x80 | high, low],
    };
    [&tag[..], &length(content.len()), content].concat()
}

fn length(length: usize) -> Vec<u8> {
    match length {
        0..0x80 => vec![length as u8],
        0x80..0x100 => vec![0x81, length as u8],
        _ => vec![0x82, (length >> 8) as u8, length as u8],
    }
}

#[test]
fn no_changed_chain_or_description_is_accepted() {
    for factory in [Factory::Factory, Factory::Remote] {
        let device = AndroidSimulator::new(factory, NOW).unwrap();
        let key = KeyPair::generate().unwrap();
        let description = AndroidSimulator::description(b"challenge");
        let chain = device.attest(&key, &description, None).unwrap();
        let chain = Chain {
            chain,
            roots: vec![device.root().clone()],
            now: NOW,
        };
        chain.change_in_each_way();
        Written::of(&chain.chain[0]).change_in_each_way();
    }
}
