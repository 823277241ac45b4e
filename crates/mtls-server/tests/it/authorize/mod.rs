//! Who may do what.

mod answers;
mod opa;
mod rules;
