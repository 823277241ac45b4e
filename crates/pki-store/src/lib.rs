#![doc = include_str!("../README.md")]

mod audit;
mod ca;
mod commit;
mod database;
mod error;
mod query;
mod record;
mod store;
mod url;

pub use audit::{
    AuditBreak, AuditError, AuditEvent, AuditHead, AuditRow, Checkpoint, CheckpointError,
    CheckpointPlace, KeepError, PlaceError,
};
pub use ca::{CertificateAuthority, IssuedRecord, Order};
pub use commit::{Idempotency, ImportedCertificate, KeyReuse};
pub use error::{CrlError, IssueError, StoreError, TokenError};
pub use record::{
    Actor, ApprovalRequest, ApprovalState, CertificateRecord, CertificateState, CertificateStatus,
    CrlDates, Filter, Issuer, IssuerId, IssuerRole, IssuerState, NamePattern, NamePatternError,
    NewApprovalRequest, NewIssuer, NewToken, NotAToken, Page, RecordedName, RevokedEntry,
    Selection, Selector, StoredCrl, TokenId, TokenRecord, TokenSecret, TokenState,
};
pub use store::{Store, StoreOptions};
pub use url::{PostgresUrl, StoreUrl};
