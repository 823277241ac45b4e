//! Orders: making them.

use serde_json::json;
use time::OffsetDateTime;

use crate::commit::transaction::Transaction;
use crate::database::{Many, values};
use crate::record::{AcmeIdentifier, AcmeOrder, AcmeState, NewAcmeOrder};
use crate::{AcmeError, StoreError, query};

/// An order that is to be made.
#[derive(Clone)]
pub(crate) struct CreateAcmeOrder {
    pub(crate) order: NewAcmeOrder,
    pub(crate) now: OffsetDateTime,
}

impl CreateAcmeOrder {
    pub(crate) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Result<AcmeOrder, AcmeError>, StoreError> {
        let order = &self.order;
        let (ca, now) = (order.ca.as_str(), self.now);
        let open = query::acme::open_orders(transaction.session, order.account, now).await?;
        if open >= MAX_OPEN.into() {
            return Ok(Err(AcmeError::TooManyOrders { limit: MAX_OPEN }));
        }
        if let Some((serial, _)) = &order.replaces
            && query::acme::replaced(transaction.session, ca, serial, now).await?
        {
            let serial = serial.clone();
            return Ok(Err(AcmeError::AlreadyReplaced { serial }));
        }
        let identifiers: Vec<&AcmeIdentifier> = order.identifiers.iter().map(|it| &it.0).collect();
        let sql = "INSERT INTO acme_orders (ca, account, profile, identifiers, state, made_at, expires_at, replaces, \
                   replaces_called) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";
        let (replaces, called) = order.replaces.clone().unzip();
        let replaces = replaces.map(|serial| serial.as_bytes().to_vec());
        let parameters = values![
            ca,
            order.account,
            order.profile.as_str(),
            json!(identifiers).to_string(),
            AcmeState::Pending.stored(),
            now,
            order.expires_at,
            replaces,
            called
        ];
        let row = transaction.session.first(sql, parameters).await?;
        let id = row.ok_or(StoreError::Closed)?.int(0)?;
        self.add_authorizations(transaction, id).await?;
        let made = query::acme::order(transaction.session, ca, id, now).await?;
        Ok(made.ok_or(AcmeError::Store(StoreError::Closed)))
    }

    /// All of them at once, and then all of their challenges: others wait meanwhile.
    async fn add_authorizations(
        &self,
        transaction: &mut Transaction<'_>,
        id: i64,
    ) -> Result<(), StoreError> {
        let (order, pending) = (&self.order, AcmeState::Pending.stored());
        let insert = Many::Insert {
            into: "acme_authorizations (acme_order, kind, value, state, expires_at)",
            rest: "RETURNING id, value",
        };
        let set = |(it, _): &(AcmeIdentifier, _)| {
            let (kind, value) = (it.kind.as_str(), it.value.as_str());
            values![id, kind, value, pending, order.expires_at]
        };
        let sets = order.identifiers.iter().map(set).collect();
        let added = transaction.session.query_each(insert, sets).await?;
        let mut sets = Vec::new();
        for ((identifier, challenges), rows) in order.identifiers.iter().zip(added) {
            let row = rows.first().ok_or(StoreError::Closed)?;
            if row.text(1)? != identifier.value {
                return Err(StoreError::Corrupt {
                    what: "authorizations were not added in their order".into(),
                });
            }
            let authorization = row.int(0)?;
            sets.extend(challenges.iter().map(|it| {
                let (kind, token) = (it.kind.as_str(), it.token.as_str());
                values![authorization, kind, token, pending, 0_u32, self.now]
            }));
        }
        let insert = Many::Insert {
            into: "acme_challenges (acme_authorization, kind, token, state, attempts, next_at)",
            rest: "",
        };
        transaction.session.query_each(insert, sets).await?;
        Ok(())
    }
}

/// Orders of one account that are not at their end.
const MAX_OPEN: u32 = 300;
