//! What each server's language allows, and is not taken for a fault; and what it does not.

mod apache;
mod caddy;
mod envoy;
mod haproxy;
mod nginx;
mod rows;
