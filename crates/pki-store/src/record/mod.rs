//! What is in a store, as values.

pub(crate) mod acme;
mod actor;
pub(crate) mod approval;
mod attestation;
pub(crate) mod certificate;
mod crl;
mod filter;
mod idempotency;
pub(crate) mod issuer;
mod name_key;
pub(crate) mod name_pattern;
mod reason;
mod selection;
mod text;
pub(crate) mod token;

pub use acme::{
    AcmeAccount, AcmeAccountChange, AcmeAccountState, AcmeAttested, AcmeAuthorization,
    AcmeChallenge, AcmeIdentifier, AcmeKey, AcmeMac, AcmeOrder, AcmeOutcome, AcmeState,
    DueChallenge, NewAcmeAccount, NewAcmeChallenge, NewAcmeKey, NewAcmeOrder,
};
pub use actor::Actor;
pub use approval::{ApprovalRequest, ApprovalState, NewApprovalRequest};
pub use attestation::{
    AttestationRecord, AttestedKey, Challenge, ChallengePurpose, EvidenceUse, KeyUse,
    NewAttestedKey,
};
pub use certificate::{CertificateRecord, CertificateState, RecordedName};
pub use crl::{CertificateStatus, CrlDates, RevokedEntry, StoredCrl};
pub use filter::{Filter, Page};
pub use idempotency::Idempotency;
pub use issuer::{Issuer, IssuerId, IssuerRole, IssuerState, NewIssuer};
pub use name_pattern::{NamePattern, NamePatternError};
pub use selection::{Selection, Selector};
pub use token::{NewToken, NotAToken, TokenId, TokenRecord, TokenSecret, TokenState};

pub(crate) use base16ct::lower::encode_string as hex;
pub(crate) use certificate::sans_text;
pub(crate) use name_key::name_keys;
pub(crate) use reason::reason_from_text;
pub(crate) use text::shortened;
