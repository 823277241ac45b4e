//! The pages for people: how to install the certificates on a phone, and the matrix.

/// The onboarding page as a file; its links point at the files beside it.
pub(crate) fn onboarding_html() -> Result<String, askama::Error> {
    Ok(String::new())
}
