//! What other CAs have issued comes in.

mod files;
mod migrate;
mod openbao;
