//! Evidence of devices: challenges, and the keys that make it; and what a certificate uses up.

use serde_json::json;
use time::OffsetDateTime;

use crate::commit::credentials::limited::Limited;
use crate::commit::transaction::Transaction;
use crate::database::values;
use crate::query;
use crate::record::{
    AttestationRecord, ChallengePurpose, EvidenceUse, KeyUse, NewAttestedKey, TokenId, hex,
};
use crate::{AttestationError, IssueError, StoreError, TokenError};

/// A challenge that is to be given out.
#[derive(Clone)]
pub(crate) struct CreateChallenge {
    pub(crate) ca: String,
    pub(crate) hash: [u8; 32],
    pub(crate) purpose: ChallengePurpose,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) now: OffsetDateTime,
}

impl CreateChallenge {
    /// # Errors
    ///
    /// [`StoreError::Refused`] if too many are open.
    pub(crate) async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        let session = &mut *transaction.session;
        let ended = "DELETE FROM challenges WHERE expires_at <= $1";
        session.query(ended, values![self.now]).await?;
        let sql = "INSERT INTO challenges (hash, ca, purpose, expires_at) SELECT $1, $2, $3, $4 \
                   WHERE (SELECT COUNT(*) FROM challenges) < $5 ON CONFLICT (hash) DO NOTHING";
        let parameters = values![
            self.hash,
            self.ca.as_str(),
            self.purpose.as_str(),
            self.expires_at,
            MAX_OPEN
        ];
        session.query(sql, parameters).await?;
        // There already, too, where the end of this transaction was not heard of.
        let sql = "SELECT 1 FROM challenges WHERE hash = $1";
        match session.first(sql, values![self.hash]).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::Refused("too many challenges are open".into())),
        }
    }
}

/// Uses up the challenge, the token and the key's counter, or nothing but perhaps the challenge: a challenge that was
/// tried is not tried again.
pub(crate) async fn use_up(
    transaction: &mut Transaction<'_>,
    ca: &str,
    token: Option<TokenId>,
    evidence: Option<(&EvidenceUse, &AttestationRecord)>,
    now: OffsetDateTime,
) -> Result<Result<(), IssueError>, StoreError> {
    if let Some((evidence, _)) = evidence {
        if let Err(error) = use_challenge(transaction, ca, evidence, now).await? {
            return Ok(Err(error.into()));
        }
        if let Err(error) = check_key(transaction, ca, &evidence.key).await? {
            return Ok(Err(error.into()));
        }
    }
    if let Some(token) = token
        && let Err(error) = use_once(transaction, token, ca, now).await?
    {
        return Ok(Err(error.into()));
    }
    let Some((evidence, record)) = evidence else {
        return Ok(Ok(()));
    };
    let used = match &evidence.key {
        KeyUse::Count { key_id, counter } => count(transaction, ca, key_id, *counter).await?,
        KeyUse::None => Ok(()),
        KeyUse::Register(key) => register(transaction, ca, key, record, now).await?,
    };
    Ok(used.map_err(Into::into))
}

type Used = Result<Result<(), AttestationError>, StoreError>;

/// Of all that try it with one challenge, one wins.
async fn use_challenge(
    transaction: &mut Transaction<'_>,
    ca: &str,
    evidence: &EvidenceUse,
    now: OffsetDateTime,
) -> Used {
    let (session, hash) = (&mut *transaction.session, evidence.challenge.hash());
    let sql = "UPDATE challenges SET csr = $1 WHERE hash = $2 AND ca = $3 AND purpose = $4 AND csr IS NULL \
               AND expires_at > $5";
    let parameters = values![
        evidence.csr_sha256,
        hash,
        ca,
        evidence.purpose.as_str(),
        now
    ];
    if session.changes(sql, parameters).await? {
        return Ok(Ok(()));
    }
    let sql = "SELECT purpose, expires_at, csr FROM challenges WHERE hash = $1 AND ca = $2";
    let Some(row) = session.first(sql, values![hash, ca]).await? else {
        return Ok(Err(AttestationError::ChallengeUnknown));
    };
    Ok(Err(if !row.is_null(2) {
        AttestationError::ChallengeUsed
    } else if row.time(1)? <= now {
        AttestationError::ChallengeExpired
    } else {
        AttestationError::ChallengePurpose
    }))
}

/// Before the token is used: what speaks against the key now does so at the end of the transaction, which nobody else is
/// in.
async fn check_key(transaction: &mut Transaction<'_>, ca: &str, key: &KeyUse) -> Used {
    let (key_id, least) = match key {
        KeyUse::None => return Ok(Ok(())),
        KeyUse::Count { key_id, counter } => (key_id, Some(*counter)),
        KeyUse::Register(key) => (&key.key_id, None),
    };
    let known = query::attested_key(transaction.session, ca, *key_id).await?;
    Ok(match (known, least) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(AttestationError::KeyRegistered),
        (None, Some(_)) => Err(AttestationError::KeyUnknown),
        (Some(known), Some(counter)) if counter > known.counter => Ok(()),
        (Some(known), Some(counter)) => Err(AttestationError::Counter {
            previous: known.counter,
            seen: counter,
        }),
    })
}

/// Compares and sets: of all assertions with one counter, one wins.
async fn count(
    transaction: &mut Transaction<'_>,
    ca: &str,
    key_id: &[u8; 32],
    counter: u32,
) -> Used {
    let sql =
        "UPDATE attested_keys SET counter = $1 WHERE ca = $2 AND key_id = $3 AND counter < $1";
    let parameters = values![counter, ca, *key_id];
    let counted = transaction.session.changes(sql, parameters).await?;
    Ok(match counted {
        true => Ok(()),
        false => Err(AttestationError::Counter {
            previous: counter,
            seen: counter,
        }),
    })
}

async fn register(
    transaction: &mut Transaction<'_>,
    ca: &str,
    key: &NewAttestedKey,
    record: &AttestationRecord,
    now: OffsetDateTime,
) -> Used {
    let sql = "INSERT INTO attested_keys (ca, key_id, public_key, counter, device, claims, receipt, registered_at) \
               VALUES ($1, $2, $3, 0, $4, $5, $6, $7) ON CONFLICT (ca, key_id) DO NOTHING";
    let parameters = values![
        ca,
        key.key_id,
        key.public_key.as_slice(),
        record.device.as_str(),
        record.claims.to_string(),
        key.receipt.as_slice(),
        now
    ];
    let registered = transaction.session.changes(sql, parameters).await?;
    Ok(match registered {
        true => Ok(()),
        false => Err(AttestationError::KeyRegistered),
    })
}

/// What the audit log says of it.
pub(crate) fn audited(
    record: &AttestationRecord,
    evidence: Option<&EvidenceUse>,
) -> serde_json::Value {
    let mut detail = json!(record);
    let key_id = match evidence.map(|it| &it.key) {
        Some(KeyUse::Count { key_id, .. }) => Some(key_id),
        Some(KeyUse::Register(key)) => Some(&key.key_id),
        Some(KeyUse::None) | None => None,
    };
    if let (Some(key_id), Some(detail)) = (key_id, detail.as_object_mut()) {
        detail.insert("key_id".into(), json!(hex(key_id)));
    }
    detail
}

/// Challenges that may be open at once: some 20 MB.
const MAX_OPEN: u32 = 100_000;

/// Uses a token up once: of all that try it with a token for one certificate, one wins.
async fn use_once(
    transaction: &mut Transaction<'_>,
    id: TokenId,
    ca: &str,
    now: OffsetDateTime,
) -> Result<Result<(), TokenError>, StoreError> {
    let used = Limited::Tokens.use_once(transaction, ca, id.0, now);
    if used.await? {
        return Ok(Ok(()));
    }
    let found = query::token(transaction.session, ca, id).await?;
    let refusal = found.and_then(|token| token.state(now).refusal());
    Ok(Err(refusal.unwrap_or(TokenError::Unknown)))
}
