//! What other CA software leaves behind, and the CA in the making that takes it over.

mod index_txt;
mod oneline;
mod openbao;
mod other_ca;
mod takeover;

pub(crate) use openbao::{Mount, PAGE};
pub(crate) use other_ca::OtherCa;
pub(crate) use takeover::{Known, Takeover};
