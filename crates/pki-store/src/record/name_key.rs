//! Names in a form in which all that match a pattern lie beside one another.
//!
//! A key is a letter for the kind and the name: host names and mailboxes backwards, addresses as octets, all in lower
//! case. What is found is compared with the pattern once more, so a key that finds too much only costs time.

use std::net::IpAddr;

use x509_identity::pattern::{NormalUri, is_host_name};
use x509_identity::{DistinguishedName, SubjectAltName};

/// Keys from the first to just before the second.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct NameRange {
    pub(crate) from: Vec<u8>,
    pub(crate) to: Vec<u8>,
}

/// The keys by which a certificate is found, each once.
pub(crate) fn name_keys(subject: &DistinguishedName, sans: &[SubjectAltName]) -> Vec<Vec<u8>> {
    let mut keys: Vec<_> = sans.iter().filter_map(of_san).collect();
    if let Some(name) = subject.common_name() {
        keys.push(common_name(name));
        // Who looks for a host finds it wherever it is written.
        if is_host_name(name) {
            keys.push(host(name));
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn of_san(name: &SubjectAltName) -> Option<Vec<u8>> {
    Some(match name {
        SubjectAltName::Dns(name) => host(name),
        SubjectAltName::Email(address) => mailbox(address),
        SubjectAltName::Ip(address) => ip(*address),
        SubjectAltName::Uri(text) => uri(text),
        _ => return None,
    })
}

pub(crate) fn host(name: &str) -> Vec<u8> {
    key(b'd', backwards(name))
}

pub(crate) fn mailbox(address: &str) -> Vec<u8> {
    key(b'e', backwards(address))
}

pub(crate) fn ip(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => key(b'4', address.octets()),
        IpAddr::V6(address) => key(b'6', address.octets()),
    }
}

/// In its normal form, if it has one.
pub(crate) fn uri(text: &str) -> Vec<u8> {
    match NormalUri::parse(text) {
        Some(uri) => key(b'u', uri.as_str()),
        None => key(b'u', text),
    }
}

pub(crate) fn common_name(name: &str) -> Vec<u8> {
    key(b'c', name.to_lowercase())
}

fn backwards(text: &str) -> String {
    text.chars().rev().collect::<String>().to_ascii_lowercase()
}

fn key(kind: u8, name: impl AsRef<[u8]>) -> Vec<u8> {
    let name = name.as_ref();
    let mut key = vec![kind];
    key.extend_from_slice(name.get(..MAX_KEY_LEN).unwrap_or(name));
    key
}

impl NameRange {
    /// This key alone.
    pub(crate) fn exactly(key: Vec<u8>) -> Self {
        let mut to = key.clone();
        to.push(0);
        Self { from: key, to }
    }

    /// Whether no more than one key lies in it.
    pub(crate) fn is_one_key(&self) -> bool {
        self.to.strip_prefix(self.from.as_slice()) == Some(&[0])
    }

    /// All keys that begin like this.
    pub(crate) fn beginning(prefix: Vec<u8>) -> Self {
        let mut to = prefix.clone();
        // The first byte is a letter, so there is one that can be raised.
        while to.last() == Some(&u8::MAX) {
            to.pop();
        }
        if let Some(last) = to.last_mut() {
            *last += 1;
        }
        Self { from: prefix, to }
    }
}

/// Bytes of a name in a key; PostgreSQL has a limit on what an index takes.
const MAX_KEY_LEN: usize = 512;
