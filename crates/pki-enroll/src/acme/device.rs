//! `device-attest-01` with Apple's statement: which device it is, and that the key is in its Secure Enclave.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pki_attest::apple::{ExpectedManagedDevice, verify_managed_device};
use pki_store::{AcmeAttested, AcmeAuthorization, AcmeChallenge, AcmeOutcome, AttestationRecord};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::Duration;

use super::call::{Call, Signed};
use super::problem::{Kind, Problem};
use crate::text::sentence;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    att_obj: Option<String>,
    /// Why the device attests nothing.
    error: Option<Value>,
}

/// Verifies a device's answer, and records what came of it: there is no second attempt, as a statement is about one
/// token.
pub(super) async fn check(
    call: &Call,
    authorization: &AcmeAuthorization,
    challenge: &AcmeChallenge,
    signed: &Signed,
) -> Result<(), Problem> {
    let answer: Answer = signed.payload()?;
    let store = call.ca.store();
    // Nobody else tries it: if this process ends here, the challenge is failed by whoever finds it.
    let until = call.now + LEASE;
    if !store
        .begin_acme_challenge(challenge.id, until, call.now)
        .await?
    {
        return Ok(());
    }
    let outcome = match attested(call, &authorization.identifier.value, challenge, &answer) {
        Ok(attested) => AcmeOutcome::Met {
            attested: Some(attested),
        },
        Err(problem) => AcmeOutcome::Failed {
            problem: problem.document().to_string(),
        },
    };
    store
        .finish_acme_challenge(challenge.id, outcome, &call.actor, call.now)
        .await?;
    Ok(())
}

fn attested(
    call: &Call,
    device: &str,
    challenge: &AcmeChallenge,
    answer: &Answer,
) -> Result<AcmeAttested, Problem> {
    let object = answer.object()?;
    let expected = ExpectedManagedDevice {
        token: challenge.token.as_bytes(),
        // It comes with the CSR.
        public_key: None,
    };
    let root = &call.acme.0.settings.attestation_root;
    let verdict = verify_managed_device(&object, &expected, root, call.now);
    let verdict = verdict.map_err(|refusal| bad(&sentence(&refusal)))?;
    if !verdict.claims.is(device) {
        return Err(bad(
            "the statement is of another device than was ordered for",
        ));
    }
    Ok(AcmeAttested {
        spki_sha256: Sha256::digest(&verdict.claims.public_key).into(),
        record: AttestationRecord {
            kind: MANAGED_DEVICE.to_owned(),
            // The certificate is issued for this key, or not at all.
            binding: pki_attest::Binding::SameKey.to_string(),
            keeper: verdict.keeper.to_string(),
            device: device.to_owned(),
            claims: json!(verdict.claims),
        },
    })
}

impl Answer {
    /// The attestation object.
    pub(super) fn object(&self) -> Result<Vec<u8>, Problem> {
        let Some(object) = &self.att_obj else {
            return Err(bad(match &self.error {
                Some(_) => "the device says that it cannot attest its key",
                None => "the answer has no `attObj`",
            }));
        };
        let object = URL_SAFE_NO_PAD.decode(object.trim_end_matches('='));
        object.map_err(|_| bad("`attObj` is not base64url"))
    }
}

fn bad(detail: &str) -> Problem {
    Problem::new(Kind::BadAttestationStatement, detail)
}

/// Longer than verifying takes.
const LEASE: Duration = Duration::minutes(1);

/// What is recorded of a managed Apple device.
const MANAGED_DEVICE: &str = "apple-managed-device";
