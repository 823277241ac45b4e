//! CSRs, made and read.

mod build;
mod ca;
mod read;
