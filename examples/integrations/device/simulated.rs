//! A phone that is none, and the platform that vouches for it. On a phone, [`Attester`] is a call of Apple's or Google's.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf, absolute};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use clap::ValueEnum;
use mtls_client::{Attester, AttesterError, Evidence, EvidencePurpose, EvidenceRequest};
use pki_attest::apple::{ClientData, Environment};
use pki_attest::simulator::{AndroidSimulator, AppleSimulator, Factory, SimulatedApp};
use pki_core::certificate_pem;
use time::OffsetDateTime;

/// What the phone is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Android,
    Apple,
}

/// Opens what is kept in a directory. Without anything there, it makes a platform, and gives no phone: the CA has to
/// know the platform first.
pub(crate) fn open(kind: Kind, directory: &Path) -> anyhow::Result<Option<Box<dyn Attester>>> {
    fs::create_dir_all(directory).with_context(|| cannot_write(directory))?;
    let place = Place(absolute(directory)?);
    let now = OffsetDateTime::now_utc();
    // Google's list of withdrawn certificates, of which it has none: it counts from when it was written.
    place.write("status.json", r#"{"entries":{}}"#)?;
    let Some(root_key) = place.read("root.key")? else {
        let (root, root_key) = match kind {
            Kind::Android => {
                let made = AndroidSimulator::new(Factory::Remote, now)?;
                (certificate_pem(made.root()), made.secret_root_key_pem())
            }
            Kind::Apple => {
                let made = AppleSimulator::new(now)?;
                (certificate_pem(made.root()), made.secret_root_key_pem())
            }
        };
        place.write("root.pem", &root)?;
        place.write("profile.toml", &place.profile(kind))?;
        place.write("root.key", &root_key)?;
        return Ok(None);
    };
    Ok(Some(match kind {
        Kind::Android => {
            let platform = AndroidSimulator::restored(&root_key, Factory::Remote, now)?;
            Box::new(AndroidPhone(platform))
        }
        Kind::Apple => {
            let platform = AppleSimulator::restored(&root_key, now)?;
            Box::new(Iphone {
                app: Mutex::new(place.app()?),
                platform,
                place,
            })
        }
    }))
}

/// An Android phone: its hardware attests the key of each request.
struct AndroidPhone(AndroidSimulator);

impl Attester for AndroidPhone {
    fn attest(&self, asked: &EvidenceRequest) -> Result<Evidence, AttesterError> {
        let description = AndroidSimulator::description(&asked.challenge);
        let key = asked.request.public_key_der();
        let chain = self.0.attest_request(key, &description)?;
        Ok(Evidence::AndroidKey { chain })
    }
}

/// An iPhone: Apple attests a key of the app once, and from then on that key signs.
struct Iphone {
    platform: AppleSimulator,
    place: Place,
    app: Mutex<Option<SimulatedApp>>,
}

impl Attester for Iphone {
    fn attest(&self, asked: &EvidenceRequest) -> Result<Evidence, AttesterError> {
        let data = ClientData::of_request(&asked.challenge, asked.request.der());
        let mut app = self.app.lock().unwrap_or_else(PoisonError::into_inner);
        match asked.purpose {
            EvidencePurpose::Enroll => {
                let new = SimulatedApp::new(APP.parse()?)?;
                let attestation =
                    self.platform
                        .attest(&new, data, Environment::Production, None)?;
                self.place.keep(&new)?;
                let key_id = app.insert(new).key_id();
                Ok(Evidence::AppleAppAttest {
                    app: None,
                    attestation,
                    key_id,
                })
            }
            EvidencePurpose::Renew => {
                let app = app.as_mut().ok_or("no key of the app was attested yet")?;
                let assertion = app.assert(data)?;
                self.place.keep(app)?;
                Ok(Evidence::AppleAssertion {
                    assertion,
                    key_id: app.key_id(),
                })
            }
        }
    }
}

/// The directory with the platform's root, and the app's key.
struct Place(PathBuf);

impl Place {
    /// What a profile has to say for these phones to be accepted.
    fn profile(&self, kind: Kind) -> String {
        let root = self.0.join("root.pem");
        let (root, status) = (root.display(), self.0.join("status.json"));
        let status = status.display();
        match kind {
            Kind::Android => format!(
                r#"
[attestation]
kinds = ["android-key"]
minimum = {{ binding = "same-key", keeper = "trusted-environment" }}
android_roots = '{root}'
android_status = '{status}'

[attestation.android]
packages = [{{ name = "com.example.app", signer = "{}" }}]
"#,
                "ab".repeat(32)
            ),
            Kind::Apple => format!(
                r#"
[attestation]
kinds = ["apple-app-attest", "apple-assertion"]
minimum = {{ binding = "csr-hash", keeper = "secure-element" }}
apple_root = '{root}'

[attestation.apple]
apps = ["{APP}"]
"#
            ),
        }
    }

    /// The app that has enrolled, if one has.
    fn app(&self) -> anyhow::Result<Option<SimulatedApp>> {
        let (Some(key), Some(counter)) = (self.read("app.key")?, self.read("app.counter")?) else {
            return Ok(None);
        };
        let counter = counter.trim().parse().context("reading app.counter")?;
        Ok(Some(SimulatedApp::restored(APP.parse()?, &key, counter)?))
    }

    /// So that no counter is used twice, before it is used.
    fn keep(&self, app: &SimulatedApp) -> anyhow::Result<()> {
        self.write("app.key", &app.secret_key_pem())?;
        self.write("app.counter", &app.counter().to_string())
    }

    fn read(&self, name: &str) -> anyhow::Result<Option<String>> {
        let path = self.0.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Nobody else may read it.
    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.0.join(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| cannot_write(&path))
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

const APP: &str = "1234567890.com.example.app";
