//! What a shell and its manual are told about the commands.

pub(crate) mod completions;
pub(crate) mod man;
