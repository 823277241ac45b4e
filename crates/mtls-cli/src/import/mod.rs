//! What other CA software leaves behind.

mod index_txt;
mod oneline;
mod other_ca;

pub(crate) use other_ca::OtherCa;
