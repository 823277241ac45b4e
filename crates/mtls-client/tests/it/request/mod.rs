//! Requests: for whom they are, what is sent again, and failures that are not the connection's.

mod failures;
mod origin;
mod retries;
