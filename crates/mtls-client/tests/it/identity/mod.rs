//! What the client presents: its files, when they are replaced, and what a server says of them.

mod files;
mod rejected;
mod rotation;
mod watch;
