//! Texts that a profile can carry.

use super::error::ProfileError;

/// XML 1.0 has no way to write most control characters.
pub(super) fn check_text(field: &'static str, text: &str) -> Result<(), ProfileError> {
    let control = |c: char| c.is_control() && c != '\n';
    match text.contains(control) {
        true => Err(ProfileError::ControlCharacters { field }),
        false => Ok(()),
    }
}
