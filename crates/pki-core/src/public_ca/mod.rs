//! Which public CAs issued certificates for clients, until when, and what that means for a certificate at hand.
//!
//! Public CAs used to put clientAuth into every certificate beside serverAuth. They stop, each at its own time, since
//! browsers want to trust only CAs that issue for servers alone. [`PublicCa::that_issued`] recognizes who has issued a
//! certificate, and [`ClientUse::of`] says what becomes of it as the certificate of a client.
//!
//! Nothing here is verified: anybody can write the name of a public CA into a certificate. It is for reports.

mod client_use;
mod table;

pub use client_use::ClientUse;
pub use table::PublicCa;
