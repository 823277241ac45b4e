//! CRLs, written and read.

mod builder;
mod malformed;
mod read;
