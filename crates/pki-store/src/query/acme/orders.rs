//! Orders, authorizations and challenges.

use time::OffsetDateTime;
use x509_identity::SerialNumber;

use crate::StoreError;
use crate::database::{Many, Row, Session, values};
use crate::record::{
    AcmeAttested, AcmeAuthorization, AcmeChallenge, AcmeIdentifier, AcmeOrder, AcmeState,
    DueChallenge, Page,
};

/// The order of a CA with this number.
pub(crate) async fn order(
    session: &mut Session,
    ca: &str,
    id: i64,
    now: OffsetDateTime,
) -> Result<Option<AcmeOrder>, StoreError> {
    let sql = "SELECT id, ca, account, profile, identifiers, state, expires_at, replaces, csr, problem, certificate, \
               replaces_called FROM acme_orders WHERE ca = $1 AND id = $2";
    let Some(row) = session.first(sql, values![ca, id]).await? else {
        return Ok(None);
    };
    let sql =
        "SELECT id, attested, evidence FROM acme_authorizations WHERE acme_order = $1 ORDER BY id";
    let authorizations = session.query(sql, values![id]).await?;
    let mut order = read_order(&row, now)?;
    for row in authorizations {
        order.authorizations.push(row.int(0)?);
        let evidence = row.optional(2, Row::text)?;
        if let Some((spki_sha256, evidence)) = row.optional(1, Row::array)?.zip(evidence) {
            let record = serde_json::from_str(evidence).map_err(|_| damaged())?;
            order.attested = Some(AcmeAttested {
                spki_sha256,
                record,
            });
        }
    }
    Ok(Some(order))
}

fn read_order(row: &Row, now: OffsetDateTime) -> Result<AcmeOrder, StoreError> {
    let expires_at = row.time(6)?;
    let state = match state(row.int(5)?)? {
        AcmeState::Pending | AcmeState::Ready if expires_at <= now => AcmeState::Expired,
        state => state,
    };
    let text = |column| row.optional(column, |row, column| row.text(column).map(str::to_owned));
    Ok(AcmeOrder {
        id: row.int(0)?,
        ca: row.text(1)?.to_owned(),
        account: row.int(2)?,
        profile: row.text(3)?.to_owned(),
        identifiers: serde_json::from_str(row.text(4)?).map_err(|_| damaged())?,
        state,
        expires_at,
        replaces: row.optional(7, Row::serial)?.zip(text(11)?),
        csr: row.optional(8, |row, column| row.blob(column).map(<[u8]>::to_vec))?,
        problem: text(9)?,
        certificate: row.optional(10, Row::int)?,
        authorizations: Vec::new(),
        attested: None,
    })
}

/// A page of the numbers of the orders of an account that are not at their end.
pub(crate) async fn orders(
    session: &mut Session,
    account: i64,
    page: Page,
    now: OffsetDateTime,
) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT id FROM acme_orders WHERE account = $1 AND id > $2 AND state IN (0, 1, 2) AND expires_at > $4 \
               ORDER BY id LIMIT $3";
    let rows = session.query(sql, values![account, page.after, page.limit, now]);
    rows.await?.iter().map(|row| row.int(0)).collect()
}

/// How many orders of an account are not at their end.
pub(crate) async fn open_orders(
    session: &mut Session,
    account: i64,
    now: OffsetDateTime,
) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM acme_orders WHERE account = $1 AND state IN (0, 1, 2) AND expires_at > $2";
    let row = session.first(sql, values![account, now]).await?;
    row.map_or(Ok(0), |row| row.count(0))
}

/// Whether an order of a CA renews this certificate, or has renewed it.
pub(crate) async fn replaced(
    session: &mut Session,
    ca: &str,
    serial: &SerialNumber,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM acme_orders WHERE replaces = $1 AND ca = $2 \
               AND (state IN (2, 3) OR (state IN (0, 1) AND expires_at > $3))";
    let row = session.first(sql, values![serial.as_bytes(), ca, now]);
    Ok(row.await?.is_some())
}

/// The account whose order a certificate was issued for.
pub(crate) async fn order_of_certificate(
    session: &mut Session,
    certificate: i64,
) -> Result<Option<(i64, Vec<AcmeIdentifier>)>, StoreError> {
    let sql = "SELECT account, identifiers FROM acme_orders WHERE certificate = $1";
    let Some(row) = session.first(sql, values![certificate]).await? else {
        return Ok(None);
    };
    let identifiers = serde_json::from_str(row.text(1)?).map_err(|_| damaged())?;
    Ok(Some((row.int(0)?, identifiers)))
}

/// Whether an account has proven all of these names, and the proofs are still good.
pub(crate) async fn are_authorized(
    session: &mut Session,
    account: i64,
    identifiers: &[AcmeIdentifier],
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM acme_orders o JOIN acme_authorizations z ON z.acme_order = o.id \
               WHERE o.account = $1 AND z.kind = $2 AND z.value = $3 AND z.state = 3 AND z.expires_at > $4 LIMIT 1";
    let set = |it: &AcmeIdentifier| values![account, it.kind.as_str(), it.value.as_str(), now];
    let sets = identifiers.iter().map(set).collect();
    let found = session.query_each(Many::Select(sql), sets).await?;
    Ok(!found.is_empty() && found.iter().all(|rows| !rows.is_empty()))
}

/// The authorization of a CA with this number.
pub(crate) async fn authorization(
    session: &mut Session,
    ca: &str,
    id: i64,
    now: OffsetDateTime,
) -> Result<Option<AcmeAuthorization>, StoreError> {
    let sql = "SELECT z.id, z.acme_order, o.account, z.kind, z.value, z.state, z.expires_at \
               FROM acme_authorizations z JOIN acme_orders o ON o.id = z.acme_order WHERE o.ca = $1 AND z.id = $2";
    let Some(row) = session.first(sql, values![ca, id]).await? else {
        return Ok(None);
    };
    let sql = "SELECT id, kind, token, state, validated_at, problem FROM acme_challenges \
               WHERE acme_authorization = $1 ORDER BY id";
    let challenges = session.query(sql, values![id]).await?;
    let challenges = challenges.iter().map(read_challenge);
    let expires_at = row.time(6)?;
    let state = match state(row.int(5)?)? {
        AcmeState::Pending | AcmeState::Valid if expires_at <= now => AcmeState::Expired,
        state => state,
    };
    Ok(Some(AcmeAuthorization {
        id: row.int(0)?,
        order: row.int(1)?,
        account: row.int(2)?,
        identifier: AcmeIdentifier {
            kind: row.text(3)?.to_owned(),
            value: row.text(4)?.to_owned(),
        },
        state,
        expires_at,
        challenges: challenges.collect::<Result<_, _>>()?,
    }))
}

fn read_challenge(row: &Row) -> Result<AcmeChallenge, StoreError> {
    Ok(AcmeChallenge {
        id: row.int(0)?,
        kind: row.text(1)?.to_owned(),
        token: row.text(2)?.to_owned(),
        state: state(row.int(3)?)?,
        validated_at: row.optional(4, Row::time)?,
        problem: row.optional(5, |row, column| row.text(column).map(str::to_owned))?,
    })
}

/// Challenges of a CA that are to be tried, those first that have waited longest.
pub(crate) async fn due(
    session: &mut Session,
    ca: &str,
    now: OffsetDateTime,
    limit: u32,
) -> Result<Vec<DueChallenge>, StoreError> {
    let sql = format!(
        "{DUE} WHERE c.state = 2 AND c.next_at <= $1 AND o.ca = $2 ORDER BY c.next_at, c.id LIMIT $3"
    );
    let rows = session.query(&sql, values![now, ca, limit]).await?;
    rows.iter().map(read_due).collect()
}

fn read_due(row: &Row) -> Result<DueChallenge, StoreError> {
    Ok(DueChallenge {
        id: row.int(0)?,
        ca: row.text(1)?.to_owned(),
        account: row.int(2)?,
        thumbprint: row.array(3)?,
        identifier: AcmeIdentifier {
            kind: row.text(4)?.to_owned(),
            value: row.text(5)?.to_owned(),
        },
        kind: row.text(6)?.to_owned(),
        token: row.text(7)?.to_owned(),
        attempts: row.count(8)?,
    })
}

fn state(number: i64) -> Result<AcmeState, StoreError> {
    AcmeState::of_stored(number).ok_or_else(damaged)
}

fn damaged() -> StoreError {
    StoreError::Corrupt {
        what: "an ACME order cannot be read".into(),
    }
}

const DUE: &str = "SELECT c.id, o.ca, o.account, a.thumbprint, z.kind, z.value, c.kind, c.token, c.attempts \
                   FROM acme_challenges c JOIN acme_authorizations z ON z.id = c.acme_authorization \
                   JOIN acme_orders o ON o.id = z.acme_order JOIN acme_accounts a ON a.id = o.account";
