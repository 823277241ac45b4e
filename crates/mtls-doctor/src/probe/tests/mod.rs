//! Whole examinations of servers on loopback.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cases;
mod ocsp;
mod served;
