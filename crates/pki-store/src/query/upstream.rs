//! Orders that an upstream CA has not finished, and what it has to be told.

use time::OffsetDateTime;
use x509_identity::SerialNumber;

use pki_core::verify::RevocationReason;

use crate::StoreError;
use crate::database::{Many, Row, Session, values};
use crate::record::certificate::stored;
use crate::record::reason_from_text;

/// A reservation that an upstream CA was asked to make a certificate of.
#[derive(Clone, Debug)]
pub(crate) struct UnfinishedOrder {
    pub(crate) id: i64,
    /// What was approved, until there is a certificate of it.
    pub(crate) tbs: Vec<u8>,
    pub(crate) spki: [u8; 32],
    pub(crate) requester: Option<String>,
    /// By what the upstream is asked what became of it, and when.
    pub(crate) handle: Option<String>,
    pub(crate) ask_at: Option<OffsetDateTime>,
    pub(crate) reserved_at: OffsetDateTime,
    /// A wrong certificate came back for it, so that whatever is found is revoked.
    pub(crate) is_refused: bool,
    /// Its certificate is recorded.
    pub(crate) is_issued: bool,
    /// Nobody has heard what the upstream made of it.
    pub(crate) is_lost: bool,
}

/// An order whose answer was lost, and with what the upstream is asked for the same once more.
#[derive(Clone, Debug)]
pub(crate) struct LostRequest {
    pub(crate) order: UnfinishedOrder,
    pub(crate) profile: String,
    pub(crate) csr: Vec<u8>,
    pub(crate) key: String,
}

/// The order of a request that has an idempotency key.
pub(crate) async fn order_by_request(
    session: &mut Session,
    ca: &str,
    key: &str,
) -> Result<Option<UnfinishedOrder>, StoreError> {
    let sql = format!(
        "{SELECT} {FROM} JOIN requests r ON r.certificate = c.id WHERE r.ca = $1 AND r.key = $2 AND c.state IN (0, 2)"
    );
    let row = session.first(&sql, values![ca, key]).await?;
    row.map(|row| order(&row)).transpose()
}

/// The order with the number of its reservation, if it waits for the upstream.
pub(crate) async fn order_by_id(
    session: &mut Session,
    issuer: i64,
    id: i64,
) -> Result<Option<UnfinishedOrder>, StoreError> {
    let sql = format!("{SELECT} {FROM} WHERE c.id = $1 AND c.issuer = $2");
    let row = session.first(&sql, values![id, issuer]).await?;
    row.map(|row| order(&row)).transpose()
}

/// Those that the upstream may be asked about at `now`.
pub(crate) async fn due_orders(
    session: &mut Session,
    issuer: i64,
    now: OffsetDateTime,
) -> Result<Vec<UnfinishedOrder>, StoreError> {
    let sql = format!(
        "{SELECT} {FROM} WHERE c.issuer = $1 AND c.state = 0 AND o.handle IS NOT NULL AND o.ask_at <= $2 ORDER BY o.ask_at LIMIT {MANY}"
    );
    let rows = session.query(&sql, values![issuer, now]).await?;
    rows.iter().map(order).collect()
}

/// Those whose certificate has to be looked for: nobody has heard of it, or it was hidden behind another one.
pub(crate) async fn lost_orders(
    session: &mut Session,
    issuer: i64,
) -> Result<Vec<UnfinishedOrder>, StoreError> {
    let lost =
        format!("{SELECT} {FROM} WHERE c.issuer = $1 AND c.state = 2 ORDER BY c.id LIMIT {MANY}");
    let hidden = format!(
        "{SELECT} {FROM} WHERE c.issuer = $1 AND o.certificate IS NOT NULL AND o.handle IS NULL ORDER BY c.id LIMIT {MANY}"
    );
    let mut orders = Vec::new();
    for sql in [lost, hidden] {
        for row in session.query(&sql, values![issuer]).await? {
            let order = order(&row)?;
            if orders.iter().all(|it: &UnfinishedOrder| it.id != order.id) {
                orders.push(order);
            }
        }
    }
    Ok(orders)
}

/// Those that the upstream can be asked for once more: all of an issuer, or the one with this number.
pub(crate) async fn lost_requests(
    session: &mut Session,
    issuer: i64,
    only: Option<i64>,
) -> Result<Vec<LostRequest>, StoreError> {
    let (from, to) = only.map_or((0, i64::MAX), |id| (id, id));
    let sql = format!(
        "{SELECT}, c.profile, q.csr, q.key, q.requester {FROM} JOIN upstream_requests q ON q.certificate = c.id \
         WHERE c.issuer = $1 AND c.state = 2 AND c.id BETWEEN $2 AND $3 ORDER BY c.id LIMIT {MANY}"
    );
    let rows = session.query(&sql, values![issuer, from, to]).await?;
    let read = |row: &Row| {
        let requester = Some(row.text(11)?.to_owned());
        Ok(LostRequest {
            order: UnfinishedOrder {
                requester,
                ..order(row)?
            },
            profile: row.text(8)?.to_owned(),
            csr: row.blob(9)?.to_vec(),
            key: row.text(10)?.to_owned(),
        })
    };
    rows.iter().map(read).collect()
}

/// Those of these numbers that the store knows nothing of.
pub(crate) async fn unknown_serials(
    session: &mut Session,
    issuer: i64,
    serials: &[SerialNumber],
) -> Result<Vec<SerialNumber>, StoreError> {
    let sql = "SELECT 1 FROM certificates WHERE issuer = $1 AND serial = $2 \
               UNION ALL SELECT 1 FROM upstream_revocations WHERE issuer = $1 AND serial = $2";
    let sets = serials.iter().map(|it| values![issuer, it.as_bytes()]);
    let found = session
        .query_each(Many::Select(sql), sets.collect())
        .await?;
    let unknown = serials.iter().zip(found);
    let unknown = unknown.filter(|(_, rows)| rows.is_empty());
    Ok(unknown.map(|(serial, _)| serial.clone()).collect())
}

/// What the upstream has not revoked yet, as far as is known.
pub(crate) async fn untold_revocations(
    session: &mut Session,
    issuer: i64,
) -> Result<Vec<(SerialNumber, RevocationReason)>, StoreError> {
    let sql = format!(
        "SELECT serial, reason FROM upstream_revocations WHERE issuer = $1 AND told_at IS NULL ORDER BY since LIMIT {MANY}"
    );
    let rows = session.query(&sql, values![issuer]).await?;
    let read = |row: &Row| Ok((row.serial(0)?, reason_from_text(row.text(1)?)?));
    rows.iter().map(read).collect()
}

fn order(row: &Row) -> Result<UnfinishedOrder, StoreError> {
    let handle = row.optional(4, |row, column| row.text(column).map(str::to_owned))?;
    let ask_at = row.optional(5, Row::time)?;
    let state = row.int(7)?;
    Ok(UnfinishedOrder {
        id: row.int(0)?,
        tbs: row.blob(1)?.to_vec(),
        spki: row.array(2)?,
        requester: row.optional(3, |row, column| row.text(column).map(str::to_owned))?,
        is_refused: state == stored::FAILED,
        is_issued: state == stored::ISSUED,
        is_lost: state == stored::UNCONFIRMED,
        handle,
        ask_at,
        reserved_at: row.time(6)?,
    })
}

const SELECT: &str =
    "SELECT c.id, c.content, c.spki, o.requester, o.handle, o.ask_at, c.reserved_at, c.state";

const FROM: &str = "FROM certificates c LEFT JOIN upstream_orders o ON o.certificate = c.id";

/// At a time; the next time there are fewer.
const MANY: u32 = 500;
