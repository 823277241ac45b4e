//! Distinguished names: their structure, and who reads and writes it.
//!
//! `distinguished_name`, `rdn` and `value` are the structure; `der` and `rfc4514` read and write it.

mod asked;
mod attribute_type;
mod builder;
mod der;
mod distinguished_name;
mod matching;
mod rdn;
mod rfc4514;
mod string_type;
mod value;

pub(crate) use asked::Names;
pub use builder::DistinguishedNameBuilder;
pub use distinguished_name::DistinguishedName;
pub use rdn::{Attribute, Rdn};
pub(crate) use rfc4514::fmt_hex;
pub use rfc4514::reorders_a_line;
pub use string_type::StringType;
pub use value::{AttributeValue, MAX_NAME_LEN};
