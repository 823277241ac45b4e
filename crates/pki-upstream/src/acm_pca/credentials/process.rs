//! `credential_process`: a program that prints keys.

use std::process::{Command, Stdio};

use super::answer::Temporary;
use super::error::CredentialsError;

/// Runs the command of a profile, as AWS's tools do: in a shell, whose words for quoting it has.
pub(super) async fn ask(command: String) -> Result<Temporary, CredentialsError> {
    let running = tokio::task::spawn_blocking(move || run(&command));
    running.await.map_err(|error| failed(error.into()))?
}

fn run(command: &str) -> Result<Temporary, CredentialsError> {
    let (shell, option) = match cfg!(windows) {
        true => ("cmd", "/C"),
        false => ("sh", "-c"),
    };
    let output = Command::new(shell)
        .args([option, command])
        .stdin(Stdio::null())
        // Whoever set it up sees why it fails.
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(error.into()))?;
    let printed = zeroize::Zeroizing::new(output.stdout);
    match output.status.success() {
        true => Temporary::read(NAME, &printed),
        false => Err(failed(output.status.to_string().into())),
    }
}

fn failed(source: Box<dyn std::error::Error + Send + Sync>) -> CredentialsError {
    CredentialsError::Answer {
        from: NAME.to_owned(),
        source,
    }
}

const NAME: &str = "credential_process";
