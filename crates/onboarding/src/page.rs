//! The page itself.

use askama::Template;

use crate::RenderError;

/// How to install the certificates on a phone.
#[derive(Debug, Template)]
#[template(path = "onboarding.html")]
pub struct Page<'a> {
    /// What stands before the name of a file in a link to it: `/`, or a relative path that ends in one.
    pub files: &'a str,
    /// What is said about the password of the bundles.
    pub password: &'a PasswordHint,
    /// Whether a server gives out the page and the files, rather than a disk.
    pub served: bool,
    /// Other pages of the server, as address and title.
    pub others: &'a [(String, String)],
}

/// What the page says about the password of the bundles.
#[derive(Clone, Debug)]
pub enum PasswordHint {
    /// It is this one, unless another was chosen.
    Either(String),
    /// It is this one, which everybody may know.
    Known(String),
    /// It is another, and not for a page.
    Own,
}

impl Page<'_> {
    /// The page as HTML.
    ///
    /// # Errors
    ///
    /// [`RenderError`], which texts in memory give no cause for.
    pub fn html(&self) -> Result<String, RenderError> {
        self.render()
    }
}
