//! Who gets in.

mod acceptor;
mod attacks;
mod proxy_protocol;
mod refusals;
mod resumption;
mod virtual_hosts;
mod without_client_auth;
