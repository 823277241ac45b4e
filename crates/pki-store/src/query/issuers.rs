//! The issuers of a store.

use crate::StoreError;
use crate::database::{Row, Session};
use crate::record::issuer::read_chain;
use crate::record::{Issuer, IssuerId, IssuerRole, IssuerState};

/// All of them, in the order in which they were added.
pub(crate) async fn issuers(session: &mut Session) -> Result<Vec<Issuer>, StoreError> {
    let sql = "SELECT id, ca, role, state, chain, parts, crl_url FROM issuers ORDER BY id";
    let rows = session.query(sql, vec![]).await?;
    let issuer = |row: &Row| {
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
    };
    rows.iter().map(issuer).collect()
}
