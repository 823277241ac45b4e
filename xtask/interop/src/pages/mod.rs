//! Pages that people see, in Chromium: the one for phones, and the operators' console.

pub(crate) mod console;
pub(crate) mod phones;
mod visit;
