//! ACME: keys of the external account binding, accounts, orders and what they wait for.

mod account;
mod key;
mod order;

pub use account::{AcmeAccount, AcmeAccountChange, AcmeAccountState, NewAcmeAccount};
pub use key::{AcmeKey, AcmeMac, NewAcmeKey};
pub use order::{
    AcmeAttested, AcmeAuthorization, AcmeChallenge, AcmeIdentifier, AcmeOrder, AcmeOutcome,
    AcmeState, DueChallenge, NewAcmeChallenge, NewAcmeOrder,
};

pub(crate) use account::stored as stored_account;
