#![doc = include_str!("../README.md")]

mod asn1;
mod crl;
mod issue;
mod key;
mod lint;
pub mod ocsp;
mod profile;
pub mod public_ca;
mod random;
mod request;
pub mod verify;

pub use crl::{
    Crl, CrlBuildError, CrlBuilder, CrlEntry, CrlError, CrlReadError, CrlScope, SignedCrl, crl_pem,
};
pub use issue::{
    Authority, IssueError, Issued, Prepared, ReturnedError, certificate_pem, presented,
};
pub use key::{
    BlocklistError, EncodedKey, KeyBlocklist, KeyError, KeyKind, KeyPair, Password,
    PasswordFileError, SignError, SignatureAlgorithm, Signer, WeakKey, check_public_key,
};
pub use lint::{Finding, Severity, lint};
pub use profile::{
    AllowedNames, AllowedSubject, CaUsage, Decision, DnsSubtree, DnsSubtreeError, Explanation,
    NameConstraints, NameRule, Profile, RefusedNames, Role, SubjectText, Subtrees, ValidityLimits,
    Wildcards,
};
pub use request::{
    CertificateParameters, CertificateRequest, CsrBuildError, CsrError, RequestedNames,
};

/// PEM files: the one reader for all of these crates.
pub use x509_identity::pem;
