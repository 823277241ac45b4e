//! What the page for phones says about a lab.

use onboarding::{Delivery, Names, Page, PasswordHint};

use crate::options::{LAB_PASSWORD, Options};

/// The common name of the root of `same-ca/`.
pub(crate) const ROOT: &str = "MyTestRootCA";

/// The common name of every client that has to be accepted.
pub(crate) const CLIENT: &str = "client1";

/// The display name of `same-ca/client.mobileconfig`.
pub(crate) const PROFILE: &str = "mTLS lab";

/// Under which names a device lists what it installed from `same-ca/`.
#[must_use]
pub fn device_names() -> Names {
    Names {
        ca: ROOT.to_owned(),
        client: CLIENT.to_owned(),
        profile: PROFILE.to_owned(),
        service: "the mTLS lab".to_owned(),
    }
}

impl Options {
    /// What a page may say about the password of the bundles: [`LAB_PASSWORD`], and no other.
    #[must_use]
    pub fn password_hint(&self) -> PasswordHint {
        if self.p12_password.secret_str() == LAB_PASSWORD {
            PasswordHint::Public(LAB_PASSWORD.to_owned())
        } else {
            PasswordHint::Private
        }
    }
}

/// The page as a file of the lab; its links point at the files beside it.
pub(crate) fn page() -> String {
    let page = Page {
        delivery: Delivery::Disk {
            files: "../same-ca/",
        },
        device: None,
        names: &device_names(),
        others: &[],
        password: &PasswordHint::PublicByDefault(LAB_PASSWORD.to_owned()),
        server: None,
    };
    page.html()
}
