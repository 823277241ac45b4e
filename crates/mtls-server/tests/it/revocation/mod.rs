//! Who is no longer accepted, and how the server learns of it.

mod announced_crls;
mod crl_sources;
mod forged_crls;
mod ocsp_check;
mod open_connections;
mod staple;
