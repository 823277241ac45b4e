//! Who may do something, and whether he meant it.

pub(crate) mod form;
pub(crate) mod guard;
pub(crate) mod operator;
mod origin;
pub(crate) mod ticket;
