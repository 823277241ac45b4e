//! The issuers of a store.

use crate::StoreError;
use crate::database::{Row, Session, values};
use crate::record::issuer::read_chain;
use crate::record::{Issuer, IssuerId, IssuerRole, IssuerState};

/// All of them, in the order in which they were added.
pub(crate) async fn issuers(session: &mut Session) -> Result<Vec<Issuer>, StoreError> {
    let rows = session
        .query(&format!("{SELECT} ORDER BY id"), vec![])
        .await?;
    rows.iter().map(record).collect()
}

/// One issuer.
pub(crate) async fn issuer(
    session: &mut Session,
    id: IssuerId,
) -> Result<Option<Issuer>, StoreError> {
    let sql = format!("{SELECT} WHERE id = $1");
    let row = session.first(&sql, values![id.0]).await?;
    row.as_ref().map(record).transpose()
}

fn record(row: &Row) -> Result<Issuer, StoreError> {
    Ok(Issuer {
        id: IssuerId(row.int(0)?),
        ca: row.text(1)?.to_owned(),
        role: IssuerRole::from_text(row.text(2)?)?,
        state: IssuerState::from_text(row.text(3)?)?,
        chain: read_chain(row.text(4)?)?,
        partitions: u32::try_from(row.int(5)?).unwrap_or(1).max(1),
        crl_url: row
            .optional(6, |row, column| row.text(column))?
            .map(str::to_owned),
    })
}

const SELECT: &str = "SELECT id, ca, role, state, chain, parts, crl_url FROM issuers";
