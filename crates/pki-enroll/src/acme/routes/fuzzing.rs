//! For the fuzz target of ACME: each payload, read as its route reads it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pki_core::CertificateRequest;
use serde::de::DeserializeOwned;
use x509_identity::Certificate;

use super::account::{NewAccount, contacts};
use super::certificate_id::parts;
use super::key_change::KeyChange;
use super::order::{Finalize, NewOrder};
use super::revoke::{Revoke, reason};
use crate::acme::device::Answer;
use crate::acme::identifier::Identifier;
use crate::acme::jose::{Binding, Jwk};

/// Reads a payload as that of every route in turn.
pub(in crate::acme) fn read_payload(payload: &[u8]) {
    if let Some(asked) = read::<NewAccount>(payload) {
        if let Ok(contacts) = contacts(asked.contact) {
            assert!(contacts.len() <= 10);
        }
        if let Some(binding) = asked.external_account_binding {
            let _ = Binding::read(binding.get().as_bytes(), "https://ca.example.org/x");
        }
    }
    if let Some(asked) = read::<NewOrder>(payload) {
        for asked in &asked.identifiers {
            // It has one form, in which it is stored and compared.
            if let Ok(identifier) = Identifier::read(asked) {
                let again = Identifier::read(&identifier.record());
                assert_eq!(again, Ok(identifier));
            }
        }
        if let Some(Ok((key, _))) = asked.replaces.as_deref().map(parts) {
            assert!(key.len() <= 64);
        }
    }
    if let Some(asked) = read::<Finalize>(payload)
        && let Ok(der) = URL_SAFE_NO_PAD.decode(asked.csr)
    {
        let _ = CertificateRequest::from_der(&der);
    }
    if let Some(asked) = read::<Revoke>(payload) {
        let _ = reason(asked.reason);
        let der = URL_SAFE_NO_PAD.decode(asked.certificate);
        let _ = der.is_ok_and(|der| Certificate::from_der(&der).is_ok());
    }
    if let Some(asked) = read::<KeyChange>(payload) {
        let _ = Jwk::from_json(asked.old_key.get());
    }
    if let Some(answer) = read::<Answer>(payload) {
        let _ = answer.object();
    }
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    serde_json::from_slice(payload).ok()
}
