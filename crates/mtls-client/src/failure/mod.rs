//! Why a connection or a request failed: one kind and one sentence for whatever came.

pub(crate) mod classify;
pub(crate) mod error;
pub(crate) mod presented;

mod client_error;
mod refusal;
