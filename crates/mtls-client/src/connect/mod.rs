//! From settings to a connection: the connector, its builder, and the stream that it makes.

pub(crate) mod builder;
pub(crate) mod connector;
pub(crate) mod stream;
