#![doc = include_str!("../README.md")]

mod audit;
mod ca;
mod commit;
mod copy;
mod database;
mod error;
mod owner_only;
mod processes;
mod query;
mod record;
mod store;
mod url;

pub use audit::{
    AcknowledgedRestore, AuditBreak, AuditError, AuditEvent, AuditHead, AuditRow, Checkpoint,
    CheckpointError, CheckpointPlace, KeepError, PlaceError,
};
pub use ca::{CertificateAuthority, IssuedRecord, Order, Settled};
pub use commit::{ImportedCertificate, KeyReuse, OfRevoked};
pub use copy::{Copied, CopyError, copy};
pub use error::{AcmeError, AttestationError, CrlError, IssueError, StoreError, TokenError};
pub use processes::ClockState;
pub use record::{
    AcmeAccount, AcmeAccountChange, AcmeAccountState, AcmeAttested, AcmeAuthorization,
    AcmeChallenge, AcmeIdentifier, AcmeKey, AcmeMac, AcmeOrder, AcmeOutcome, AcmeState,
    DueChallenge, NewAcmeAccount, NewAcmeChallenge, NewAcmeKey, NewAcmeOrder,
};
pub use record::{
    Actor, ApprovalRequest, ApprovalState, AttestationRecord, AttestedKey, CertificateRecord,
    CertificateState, CertificateStatus, Challenge, ChallengePurpose, CrlDates, EvidenceUse,
    Filter, Idempotency, Issuer, IssuerId, IssuerRole, IssuerState, KeyUse, NamePattern,
    NamePatternError, NewApprovalRequest, NewAttestedKey, NewIssuer, NewToken, NotAToken, Page,
    RecordedName, RevokedEntry, Selection, Selector, StoredCrl, TokenId, TokenRecord, TokenSecret,
    TokenState,
};
pub use store::{SchemaVersions, Store, StoreOptions};
pub use url::{PostgresUrl, StoreUrl};
