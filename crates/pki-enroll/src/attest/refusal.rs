//! Why evidence is refused.

use pki_attest::TooLittle;
use pki_attest::android::AndroidRefusal;
use pki_attest::apple::{AppId, AppleRefusal, Category, Environment};
use x509_identity::ParseError;

use super::evidence::EvidenceKind;

/// Why evidence is refused. The text is for whoever sends it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttestationRefusal {
    #[error("the evidence of the Android device is refused")]
    Android(#[source] AndroidRefusal),

    #[error("the app `{0}` may not ask for certificates of this profile")]
    App(AppId),

    #[error(
        "several apps may ask for certificates of this profile: `app` has to say which one it is"
    )]
    AppNotSaid,

    #[error("the evidence of the app is refused")]
    Apple(#[source] AppleRefusal),

    #[error("the app came onto the device in a way that is not accepted here{}", of(.0.as_ref()))]
    Category(Option<Category>),

    #[error("a certificate of the chain cannot be read")]
    Certificate(#[source] ParseError),

    #[error("the evidence says more than is recorded: {0} bytes")]
    ClaimsTooLong(usize),

    #[error("the key was attested in the environment `{0}`, which is not accepted here")]
    Environment(Environment),

    #[error(
        "the CA does not know the key that the assertion is signed with: send an attestation of it first"
    )]
    KeyUnknown,

    #[error("evidence of the kind `{0}` is not accepted here")]
    Kind(EvidenceKind),

    #[error("the evidence is of another device than the one that the certificate was issued to")]
    OtherDevice,

    #[error("what is recorded of the key that the assertion is signed with cannot be read")]
    Record(#[source] serde_json::Error),

    #[error("a renewal needs an assertion of the key that was attested before")]
    RenewedByAttestation,

    #[error("the evidence is genuine, and proves too little")]
    TooLittle(#[source] TooLittle),
}

fn of(category: Option<&Category>) -> String {
    category.map_or_else(String::new, |category| format!(": `{category}`"))
}
