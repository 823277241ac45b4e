//! The page itself.

use askama::Template;

/// How to install the certificates on a phone.
#[derive(Clone, Debug, Template)]
#[template(path = "onboarding.html")]
pub struct Page<'a> {
    /// What stands before the name of a file in a link to it: `/`, or a relative path that ends in one.
    pub files: &'a str,
    /// Under which names a device lists what was installed.
    pub names: &'a Names,
    /// What is said about the password of the bundles.
    pub password: &'a PasswordHint,
    /// Whether a server gives out the page and the files, rather than a disk.
    pub served: bool,
    /// Other pages of the server.
    pub others: &'a [Link],
}

/// Under which names a device lists what was installed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Names {
    /// The common name of the root.
    pub ca: String,
    /// The name of the client certificate; the server greets by it.
    pub client: String,
    /// The display name of the Apple configuration profile.
    pub profile: String,
}

/// What the page says about the password of the bundles.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PasswordHint {
    /// It is not for a page.
    Private,
    /// It is this one, which everybody may know.
    Public(String),
    /// It is this one, unless a private one was chosen.
    PublicByDefault(String),
}

/// A link to a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// The path of the page.
    pub address: String,
    /// The text of the link.
    pub title: String,
}

impl Page<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        self.to_string()
    }
}
