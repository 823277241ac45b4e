//! The lab's own README.

use askama::Template;
use time::OffsetDateTime;

use crate::{KeyType, Options};

#[derive(Template)]
#[template(path = "README.md", escape = "none")]
struct Readme<'a> {
    key_type: String,
    made: String,
    /// Whether the keys are of ML-DSA.
    is_ml_dsa: bool,
    /// The password, if it is the one that everybody may know.
    password: &'a str,
}

pub(crate) fn text(options: &Options, made: OffsetDateTime) -> String {
    Readme {
        key_type: options.key_type.to_string(),
        is_ml_dsa: options.key_type == KeyType::MlDsa,
        made: made.date().to_string(),
        password: options.shown_password(),
    }
    .to_string()
}
