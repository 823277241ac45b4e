//! What a handler learns of the client.

mod extractors;
mod forward_identity;
mod forwarded;
mod peer_identity;
