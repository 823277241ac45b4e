//! Accounts.

use crate::StoreError;
use crate::database::{Row, Session, values};
use crate::record::acme::stored_account;
use crate::record::{AcmeAccount, AcmeAccountState, NamePattern, Page};

/// The account of a CA with this number.
pub(crate) async fn account(
    session: &mut Session,
    ca: &str,
    id: i64,
) -> Result<Option<AcmeAccount>, StoreError> {
    let sql = format!("{SELECT} WHERE a.ca = $1 AND a.id = $2");
    let row = session.first(&sql, values![ca, id]).await?;
    row.as_ref().map(record).transpose()
}

/// The account of a CA whose key has this thumbprint.
pub(crate) async fn account_by_thumbprint(
    session: &mut Session,
    ca: &str,
    thumbprint: [u8; 32],
) -> Result<Option<AcmeAccount>, StoreError> {
    let sql = format!("{SELECT} WHERE a.ca = $1 AND a.thumbprint = $2");
    let row = session.first(&sql, values![ca, thumbprint]).await?;
    row.as_ref().map(record).transpose()
}

/// A page of the accounts of a CA, in the order in which they were made.
pub(crate) async fn accounts(
    session: &mut Session,
    ca: &str,
    page: Page,
) -> Result<Vec<AcmeAccount>, StoreError> {
    let sql = format!("{SELECT} WHERE a.ca = $1 AND a.id > $2 ORDER BY a.id LIMIT $3");
    let rows = session.query(&sql, values![ca, page.after, page.limit]);
    rows.await?.iter().map(record).collect()
}

fn record(row: &Row) -> Result<AcmeAccount, StoreError> {
    let damaged = || StoreError::Corrupt {
        what: "an ACME account cannot be read".into(),
    };
    let list = |text: &str| serde_json::from_str(text).map_err(|_| damaged());
    let state = match row.int(5)? {
        stored_account::VALID => AcmeAccountState::Valid,
        stored_account::DEACTIVATED => AcmeAccountState::Deactivated,
        stored_account::REVOKED => AcmeAccountState::Revoked,
        _ => return Err(damaged()),
    };
    Ok(AcmeAccount {
        id: row.int(0)?,
        ca: row.text(1)?.to_owned(),
        thumbprint: row.array(2)?,
        jwk: row.text(3)?.to_owned(),
        contacts: list(row.text(4)?)?,
        state,
        made_at: row.time(6)?,
        kid: row.optional(7, |row, column| row.text(column).map(str::to_owned))?,
        profiles: match row.optional(8, Row::text)? {
            Some(profiles) => list(profiles)?,
            None => Vec::new(),
        },
        names: match row.optional(9, Row::text)? {
            Some(names) => NamePattern::listed(names).ok_or_else(damaged)?,
            None => Vec::new(),
        },
    })
}

const SELECT: &str = "SELECT a.id, a.ca, a.thumbprint, a.jwk, a.contacts, a.state, a.made_at, k.kid, k.profiles, k.names \
                      FROM acme_accounts a LEFT JOIN acme_keys k ON k.id = a.acme_key";
