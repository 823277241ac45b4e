//! The page itself.

use askama::Template;

use crate::platform::Platform;

/// How to install the certificates on a device.
#[derive(Clone, Debug, Template)]
#[template(path = "onboarding.html")]
pub struct Page<'a> {
    /// What the reader gets from this page.
    pub delivery: Delivery<'a>,
    /// What the reader's device is, whose steps come first then.
    pub device: Option<Platform>,
    /// Under which names a device lists what was installed.
    pub names: &'a Names,
    /// Other pages of the server.
    pub others: &'a [Link],
    /// What is said about the password of the bundles.
    pub password: &'a PasswordHint,
    /// The address of what the certificate is for, such as `https://192.0.2.7:8443/`.
    pub server: Option<&'a str>,
}

/// What the reader of a page gets from it.
#[derive(Clone, Debug)]
pub enum Delivery<'a> {
    /// All files, from the disk that the page is on as well.
    Disk {
        /// What stands before the name of a file in a link to it: a relative path that ends in a slash.
        files: &'a str,
    },
    /// All files, one of those with a key, and that one once.
    Link {
        /// What stands before the name of a file in a link to it, up to a slash.
        files: &'a str,
        /// How many minutes are left, rounded up.
        minutes: u64,
    },
    /// The CA, and an invitation to somebody else's device: for whoever sits at the computer that serves the page.
    Operator(Invitation<'a>),
    /// The CA alone, as for everybody on the network.
    Public,
    /// The CA alone: somebody has used the link, most likely the reader, who needs the steps now.
    Used {
        /// How many minutes ago, rounded up.
        minutes: u64,
    },
}

/// How another device gets at the files.
#[derive(Clone, Debug)]
pub struct Invitation<'a> {
    /// The address of the computer on its network, as far as it could be found.
    pub address: Option<&'a str>,
    /// A link for this computer itself: its path.
    pub here: &'a str,
    /// The same link as a URL for devices on the network, with its QR code as SVG.
    pub link: Option<(&'a str, &'a str)>,
    /// How many minutes it is good for, rounded up.
    pub minutes: u64,
}

/// Under which names a device lists what was installed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serve", derive(serde::Deserialize, serde::Serialize))]
pub struct Names {
    /// The common name of the root.
    pub ca: String,
    /// The name of the client certificate; the lab's server greets by it.
    pub client: String,
    /// The display name of the Apple configuration profile.
    pub profile: String,
    /// What the certificates are for, such as `the mTLS lab`.
    pub service: String,
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

    /// The reader's platform first.
    fn platforms(&self) -> Vec<Platform> {
        let mut platforms = Platform::ALL.to_vec();
        platforms.sort_by_key(|platform| Some(*platform) != self.device);
        platforms
    }

    /// Whether its steps are folded away, since the reader's device is another.
    fn is_other(&self, platform: &Platform) -> bool {
        self.device.is_some_and(|device| device != *platform)
    }

    /// The files of the reader, the one that the device takes first.
    fn offered(&self) -> Vec<Offered> {
        let ca = Offered {
            address: self.ca_file(),
            ..Offered::new("ca.crt", "The CA alone. Any device")
        };
        let Some(prefix) = self.key_files() else {
            return vec![ca];
        };
        let best = match self.device {
            Some(Platform::Ios | Platform::MacOs) => Some("client.mobileconfig"),
            Some(Platform::Android | Platform::Linux | Platform::Windows) => Some("client_ios.p12"),
            None => None,
        };
        let with_key = [
            (
                "client.mobileconfig",
                "iPhone, iPad, Mac: CA and client certificate in one",
            ),
            (
                "client_ios.p12",
                "The client certificate and its key, in the form that every device takes",
            ),
            (
                "client.p12",
                "The same in the newer form: iOS 18, macOS 15, Android 14 or later",
            ),
        ];
        let mut offered: Vec<_> = with_key
            .into_iter()
            .map(|(name, what)| Offered {
                address: format!("{prefix}{name}"),
                is_best: best == Some(name),
                ..Offered::new(name, what)
            })
            .collect();
        offered.sort_by_key(|file| !file.is_best);
        offered.insert(1, ca);
        offered
    }

    /// What stands before the names of files with a key, for those who get them here.
    fn key_files(&self) -> Option<&str> {
        match &self.delivery {
            Delivery::Disk { files } | Delivery::Link { files, .. } => Some(files),
            Delivery::Operator(_) | Delivery::Public | Delivery::Used { .. } => None,
        }
    }

    fn ca_file(&self) -> String {
        match &self.delivery {
            Delivery::Disk { files } => format!("{files}ca.crt"),
            _ => "/ca.crt".to_owned(),
        }
    }

    /// The computer's address, or one of RFC 5737 in its place.
    fn address(&self) -> &str {
        match &self.delivery {
            Delivery::Operator(Invitation {
                address: Some(address),
                ..
            }) => address,
            _ => "192.0.2.7",
        }
    }
}

/// A file in the list of those that the reader gets.
struct Offered {
    address: String,
    name: &'static str,
    what: &'static str,
    is_best: bool,
}

impl Offered {
    fn new(name: &'static str, what: &'static str) -> Self {
        Self {
            address: String::new(),
            name,
            what,
            is_best: false,
        }
    }
}
