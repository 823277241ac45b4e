//! What is issued, and what is refused.

mod any_request;
mod every_kind;
mod limits;
mod names;
mod profiles;
mod returned;
mod returned_bytes;
mod roll_over;
