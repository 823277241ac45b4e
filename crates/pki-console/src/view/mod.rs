//! What pages show, in the form in which they show it.

pub(crate) mod choice;
pub(crate) mod frame;
pub(crate) mod link;
pub(crate) mod part;
pub(crate) mod row;
pub(crate) mod state;
pub(crate) mod text;
