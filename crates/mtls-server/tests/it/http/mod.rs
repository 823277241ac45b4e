//! HTTP/1.1 and HTTP/2 over mutual TLS.

mod flow_control;
mod http1;
mod http2;
mod slow;
mod streams;
