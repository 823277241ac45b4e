//! The files of AWS's tools: `~/.aws/credentials` and `~/.aws/config`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pki_core::Password;
use zeroize::Zeroizing;

use super::error::CredentialsError;
use super::keys::AccessKeys;

/// Two files and the name of a profile in them.
#[derive(Clone, Debug)]
pub struct ProfileFiles {
    /// With keys: `[NAME]`.
    pub credentials: PathBuf,
    /// With everything else, and keys too: `[profile NAME]`, `[default]`.
    pub config: PathBuf,
    /// The name.
    pub name: String,
}

/// What a profile has.
pub(super) enum Found {
    Keys(AccessKeys),
    /// A command that prints keys.
    Process(String),
}

impl ProfileFiles {
    /// Whether the profile has keys, or a program that gives them.
    #[must_use]
    pub fn have_keys(&self) -> bool {
        self.read().is_ok()
    }

    /// # Errors
    ///
    /// [`CredentialsError`] if a file cannot be read, or has no keys in a way that is known here.
    pub(super) fn read(&self) -> Result<Found, CredentialsError> {
        // Keys beside others' settings, and of two pairs the one of the file that is for keys.
        let (first, second) = (self.of_credentials()?, self.of_config()?);
        let settings = [first, second];
        let settings = || settings.iter().flatten();
        if let Some(keys) = settings().find_map(keys) {
            return Ok(Found::Keys(keys));
        }
        if let Some(command) = settings().find_map(|it| it.get("credential_process")) {
            return Ok(Found::Process(command.to_string()));
        }
        let unknown = |name: &&&'static str| settings().any(|it| it.contains_key(**name));
        let name = self.name.clone();
        match NOT_TAKEN.iter().find(unknown) {
            Some(setting) => Err(CredentialsError::Unsupported { name, setting }),
            None => Err(CredentialsError::NoKeys { name }),
        }
    }

    fn of_credentials(&self) -> Result<Option<Settings>, CredentialsError> {
        section(&self.credentials, std::slice::from_ref(&self.name))
    }

    fn of_config(&self) -> Result<Option<Settings>, CredentialsError> {
        let mut names = vec![format!("profile {}", self.name)];
        if self.name == "default" {
            names.push(self.name.clone());
        }
        section(&self.config, &names)
    }
}

type Settings = BTreeMap<String, Zeroizing<String>>;

fn keys(settings: &Settings) -> Option<AccessKeys> {
    let get = |name: &str| settings.get(name).filter(|it| !it.is_empty());
    let secret = |text: &Zeroizing<String>| Password::new(text.as_str());
    Some(AccessKeys {
        id: get("aws_access_key_id")?.to_string(),
        secret: secret(get("aws_secret_access_key")?),
        session_token: get("aws_session_token").map(secret),
    })
}

/// The settings below the last heading with one of these names. A file that is not there has none.
fn section(path: &Path, names: &[String]) -> Result<Option<Settings>, CredentialsError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = path.to_owned();
            return Err(CredentialsError::File { path, source });
        }
    };
    let mut found: Option<Settings> = None;
    let mut is_wanted = false;
    for line in text.lines() {
        // What is indented belongs to the setting above, and is none of ours.
        if line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        if let Some(heading) = line.strip_prefix('[') {
            let heading = heading.split(']').next().unwrap_or_default();
            let words: Vec<_> = heading.split_whitespace().collect();
            let heading = words.join(" ");
            is_wanted = names.contains(&heading);
            if is_wanted {
                found.get_or_insert_default();
            }
        } else if let (true, Some((name, value))) = (is_wanted, line.split_once('='))
            && let Some(settings) = &mut found
        {
            let value = Zeroizing::new(value.trim().to_owned());
            settings.insert(name.trim().to_ascii_lowercase(), value);
        }
    }
    Ok(found)
}

/// By which AWS's own tools find keys.
const NOT_TAKEN: [&str; 6] = [
    "role_arn",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
    "credential_source",
    "login_session",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn files(credentials: &str, config: &str, name: &str) -> (tempfile::TempDir, ProfileFiles) {
        let directory = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = directory.path().join(file);
            if !text.is_empty() {
                fs::write(&path, text).unwrap();
            }
            path
        };
        let files = ProfileFiles {
            credentials: write("credentials", credentials),
            config: write("config", config),
            name: name.to_owned(),
        };
        (directory, files)
    }

    const CREDENTIALS: &str = "# keys\n[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key=a/b+c=\n\n\
        [team]\naws_access_key_id=ASIATEAM\naws_secret_access_key=s\naws_session_token = t==\n";
    const CONFIG: &str = "[default]\nregion = eu-central-1\ns3 =\n  addressing_style = path\n[profile tool]\n\
        credential_process = \"/opt/give keys\" --now\n[profile sso]\nsso_session = us\n[profile config]\n\
        aws_access_key_id=AKIACONFIG\naws_secret_access_key=s\n[tool]\naws_access_key_id=AKIANO\naws_secret_access_key=s\n";

    #[test]
    fn keys_are_found_by_the_name_of_their_profile() {
        for (name, id) in [
            ("default", "AKIADEFAULT"),
            ("team", "ASIATEAM"),
            ("config", "AKIACONFIG"),
        ] {
            let (_directory, files) = files(CREDENTIALS, CONFIG, name);
            let Found::Keys(keys) = files.read().unwrap() else {
                panic!("keys of {name}");
            };
            assert_eq!(keys.id, id);
            assert_eq!(keys.session_token.is_some(), name == "team");
            assert!(files.have_keys());
            if name == "default" {
                assert_eq!(keys.secret.secret_str(), "a/b+c=");
            }
        }
    }

    #[test]
    fn a_command_is_taken_where_there_are_no_keys() {
        let (_directory, files) = files(CREDENTIALS, CONFIG, "tool");
        let Found::Process(command) = files.read().unwrap() else {
            panic!("a command");
        };
        assert_eq!(command, "\"/opt/give keys\" --now");
    }

    #[test]
    fn a_profile_without_keys_says_what_it_lacks() {
        for (name, config, words) in [
            ("sso", CONFIG, "sso_session"),
            ("nobody", CONFIG, "no keys"),
            ("default", "", "no keys"),
            // It is another service's.
            ("s3", CONFIG, "no keys"),
        ] {
            let (_directory, files) = files("", config, name);
            assert!(!files.have_keys());
            let error = files.read().err().unwrap().to_string();
            assert!(error.contains(words), "{error}");
        }
        let (directory, mut files) = files("", "", "default");
        files.config = directory.path().to_owned();
        assert!(matches!(files.read(), Err(CredentialsError::File { .. })));
    }
}
