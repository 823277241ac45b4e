//! What can be used a number of times and until a time, unless it is revoked: tokens, and keys for ACME accounts.

use time::OffsetDateTime;

use crate::StoreError;
use crate::commit::transaction::Transaction;
use crate::database::values;

/// The table of one kind.
#[derive(Clone, Copy)]
pub(in crate::commit) enum Limited {
    AcmeKeys,
    Tokens,
}

impl Limited {
    fn table(self) -> &'static str {
        match self {
            Self::AcmeKeys => "acme_keys",
            Self::Tokens => "tokens",
        }
    }

    /// Uses it up once: of all that try it where one use is left, one wins. `false` if its
    /// [state](crate::record::TokenState) is another one than valid, or there is none.
    pub(in crate::commit) async fn use_once(
        self,
        transaction: &mut Transaction<'_>,
        ca: &str,
        id: i64,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let sql = format!(
            "UPDATE {} SET used = used + 1 WHERE ca = $1 AND id = $2 AND used < uses \
             AND expires_at > $3 AND revoked_at IS NULL",
            self.table()
        );
        let session = &mut *transaction.session;
        session.changes(&sql, values![ca, id, now]).await
    }

    /// `false` if it was revoked before, or there is none.
    pub(in crate::commit) async fn revoke(
        self,
        transaction: &mut Transaction<'_>,
        ca: &str,
        id: i64,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let sql = format!(
            "UPDATE {} SET revoked_at = $3 WHERE ca = $1 AND id = $2 AND revoked_at IS NULL",
            self.table()
        );
        let session = &mut *transaction.session;
        session.changes(&sql, values![ca, id, now]).await
    }
}
