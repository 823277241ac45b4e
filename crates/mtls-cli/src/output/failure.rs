//! How a command ends: what failed, as one sentence and its causes, and the exit code.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use anyhow::Result;

use super::{Outcome, note};

/// 0 done, 1 refused or found something; what failed goes to stderr. Wrong usage is clap's, with 2.
pub(crate) fn exit_code(result: Result<Outcome>) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::FAILURE,
        // Whoever reads the output has seen enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            note(told(&*error));
            ExitCode::FAILURE
        }
    }
}

/// `error: SENTENCE`, and a line for each cause that the lines above do not tell.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = format!("error: {error}");
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str("\n  because ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow!("the disk is full")
            .context("ca.crt cannot be written: the disk is full")
            .context("no CA was made");
        let text = told(&*error);
        assert_eq!(
            text,
            "error: no CA was made\n  because ca.crt cannot be written: the disk is full"
        );
    }
}
