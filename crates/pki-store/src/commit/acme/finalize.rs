//! Orders: from the CSR to the certificate.

use time::OffsetDateTime;

use crate::commit::transaction::Transaction;
use crate::database::values;
use crate::record::{AcmeOrder, AcmeState};
use crate::{AcmeError, StoreError, query};

/// A CSR comes for an order.
#[derive(Clone)]
pub(crate) struct BeginAcmeFinalize {
    pub(crate) ca: String,
    pub(crate) id: i64,
    pub(crate) csr: Vec<u8>,
    pub(crate) now: OffsetDateTime,
}

/// What came of it.
#[derive(Clone)]
pub(crate) struct FinishAcmeOrder {
    pub(crate) ca: String,
    pub(crate) id: i64,
    /// The number of the certificate, or a problem document.
    pub(crate) outcome: Result<i64, String>,
    pub(crate) now: OffsetDateTime,
}

impl BeginAcmeFinalize {
    /// Of all CSRs that come at once, one is taken. The same one can come again.
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Result<AcmeOrder, AcmeError>, StoreError> {
        let session = &mut *transaction.session;
        let sql = "UPDATE acme_orders SET state = 2, csr = $3 \
                   WHERE ca = $1 AND id = $2 AND state = 1 AND expires_at > $4";
        let parameters = values![self.ca.as_str(), self.id, self.csr.as_slice(), self.now];
        let taken = session.changes(sql, parameters).await?;
        let order = found(transaction, &self.ca, self.id, self.now).await?;
        let same = order.csr.as_deref() == Some(self.csr.as_slice());
        let goes_on = matches!(order.state, AcmeState::Processing | AcmeState::Valid);
        if taken || (same && goes_on) {
            return Ok(Ok(order));
        }
        let state = order.state.as_str();
        Ok(Err(AcmeError::State { state }))
    }
}

impl FinishAcmeOrder {
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Result<AcmeOrder, AcmeError>, StoreError> {
        let session = &mut *transaction.session;
        let (sql, parameters) = match &self.outcome {
            Ok(certificate) => (
                "UPDATE acme_orders SET state = 3, certificate = $3 WHERE ca = $1 AND id = $2 AND state = 2",
                values![self.ca.as_str(), self.id, *certificate],
            ),
            Err(problem) => (
                "UPDATE acme_orders SET state = 4, problem = $3 WHERE ca = $1 AND id = $2 AND state = 2",
                values![self.ca.as_str(), self.id, problem.as_str()],
            ),
        };
        session.query(sql, parameters).await?;
        Ok(Ok(found(transaction, &self.ca, self.id, self.now).await?))
    }
}

async fn found(
    transaction: &mut Transaction<'_>,
    ca: &str,
    id: i64,
    now: OffsetDateTime,
) -> Result<AcmeOrder, StoreError> {
    let found = query::acme::order(transaction.session, ca, id, now).await?;
    found.ok_or_else(|| StoreError::NotFound {
        what: format!("ACME order {id}"),
    })
}
