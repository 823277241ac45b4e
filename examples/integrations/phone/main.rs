//! Two simulated phones that enrol by what they prove, and what is refused.
//!
//! A CA in a temporary directory asks for evidence, under the roots of simulators in place of Apple's and Google's. An
//! iPhone attests its app over the certificate request, an Android phone attests the key itself. Then somebody sends the
//! iPhone's evidence with a request of his own.
//!
//! ```sh
//! cargo run -p integrations --example phone
//! ```

mod ca;
mod devices;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use examples::{finish, print};
use serde_json::Value;

use ca::DemoCa;
use devices::{AndroidPhone, Iphone, Platforms, Request};

#[tokio::main]
async fn main() -> ExitCode {
    finish(run()).await
}

async fn run() -> Result<ExitCode> {
    let platforms = Platforms::new()?;
    let ca = DemoCa::start(&platforms).await?;
    print(&format!("enrolling at {}\n", ca.url()))?;

    let iphone = Iphone::new()?;
    let request = Request::new()?;
    let challenge = ca.challenge().await?;
    let evidence = iphone.evidence(&platforms, &challenge, &request)?;
    let answer = ca.enroll(&request, &evidence).await?;
    said("an iPhone", &answer)?;
    ensure!(answer["status"] == "issued", "the iPhone was refused");

    let request = Request::new()?;
    let challenge = ca.challenge().await?;
    let android = AndroidPhone.evidence(&platforms, &challenge, &request)?;
    let answer = ca.enroll(&request, &android).await?;
    said("an Android phone", &answer)?;
    ensure!(
        answer["status"] == "issued",
        "the Android phone was refused"
    );

    let answer = ca.enroll(&Request::new()?, &evidence).await?;
    said("somebody with the iPhone's evidence", &answer)?;
    ensure!(
        answer["type"] == "attestation_refused",
        "evidence of another request was accepted"
    );
    for proved in ca.proved().await? {
        print(&format!("recorded: {proved}\n"))?;
    }
    ca.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// One line about what the CA has answered.
fn said(who: &str, answer: &Value) -> std::io::Result<()> {
    let line = match answer["serial"].as_str() {
        Some(serial) => format!("{who}: certificate {serial}"),
        None => format!(
            "{who}: refused: {}",
            answer["detail"].as_str().unwrap_or("?")
        ),
    };
    print(&format!("{line}\n"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    #[tokio::test]
    async fn both_phones_get_a_certificate_and_nobody_else_does() {
        super::run().await.unwrap();
    }
}
