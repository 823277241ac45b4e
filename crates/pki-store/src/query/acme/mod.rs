//! ACME.

mod accounts;
mod keys;
mod orders;

pub(crate) use accounts::{account, account_by_thumbprint, accounts};
pub(crate) use keys::{key, key_by_kid, keys};
pub(crate) use orders::{
    are_authorized, authorization, due, open_orders, order, order_of_certificate, orders, replaced,
};
