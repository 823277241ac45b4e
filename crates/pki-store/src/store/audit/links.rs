//! What the audit log says of links to certificates with their keys.

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_identity::SerialNumber;

use crate::audit::AuditEvent;
use crate::commit::{Note, Operation};
use crate::record::shortened;
use crate::store::Store;
use crate::{Actor, StoreError};

impl Store {
    /// Writes down that the certificate `serial` was put, with its key, behind a link that is good once, until `until`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn record_link_made(
        &self,
        ca: &str,
        serial: &SerialNumber,
        until: OffsetDateTime,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let until = until.format(&Rfc3339).unwrap_or_default();
        let detail = json!({ "until": until });
        self.record_link(AuditEvent::LinkMade, ca, serial, detail, actor, now)
            .await
    }

    /// Writes down that `file` of the certificate `serial` was given out by its link, to the address `peer`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be written.
    pub async fn record_link_used(
        &self,
        ca: &str,
        serial: &SerialNumber,
        file: &str,
        peer: &str,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let detail =
            json!({ "file": shortened(file, MAX_TEXT), "peer": shortened(peer, MAX_TEXT) });
        self.record_link(AuditEvent::LinkUsed, ca, serial, detail, actor, now)
            .await
    }

    async fn record_link(
        &self,
        event: AuditEvent,
        ca: &str,
        serial: &SerialNumber,
        detail: serde_json::Value,
        actor: &Actor,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let operation = Operation::Note(Note {
            event,
            ca: shortened(ca, MAX_TEXT).to_owned(),
            serial: Some(serial.clone()),
            actor: actor.clone(),
            detail,
            now,
        });
        let _done: bool = self.commit(operation).await?;
        Ok(())
    }
}

const MAX_TEXT: usize = 256;
