//! `cargo xtask soak`: minutes of everything at once, and then nothing may have gone wrong or be left over.
//!
//! The server is the example `hello`, in a process of its own. Ten pumps ask it over kept, fresh and resumed
//! connections, in HTTP/1.1 and HTTP/2; it gets another CRL or certificate every five seconds, and the
//! pumps another identity every ten; 400 hostile sockets come back whenever it throws them out.
//!
//! The part [`renewal`] is about certificates that renew themselves.

mod hostile;
mod limits;
mod load;
mod operator;
mod pki;
mod pump;
mod renewal;
mod server;
mod verdict;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use suite::{Peers, Tally};

use self::pki::Pki;
use self::server::Hello;
use self::verdict::Point;

fn main() -> ExitCode {
    suite::close(Soak::parse().run())
}

/// Let the server run under load, reloads, rotations and hostile peers, and look what is left
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask soak",
    after_help = "Example: cargo xtask soak --seconds 60"
)]
struct Soak {
    /// Which parts, one after the other; all if left out
    #[arg(value_name = "PART")]
    parts: Vec<Part>,

    /// How long each part takes
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(10..))]
    seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A server under load, reloads, rotations and hostile peers
    Server,
    /// Agents that renew short-lived certificates, while they are used, clocks are wrong and the CA is away
    Renewal,
}

impl Soak {
    /// Prints a line for each point, and says how many held and how many did not.
    fn run(&self) -> Result<Tally> {
        let span = Duration::from_secs(self.seconds);
        let mut tally = Tally::default();
        for part in [Part::Server, Part::Renewal] {
            if !self.parts.is_empty() && !self.parts.contains(&part) {
                continue;
            }
            let points = match part {
                Part::Server => serve(span)?,
                Part::Renewal => renewal::run(&Peers::installed(), span)?,
            };
            for point in &points {
                match &point.outcome {
                    Ok(seen) => println!("ok      {}: {seen}", point.name),
                    Err(sentence) => println!("FAILED  {}: {sentence}", point.name),
                }
            }
            let failed = points.iter().filter(|point| point.outcome.is_err()).count();
            tally.passed += points.len() - failed;
            tally.failed += failed;
        }
        Ok(tally)
    }
}

fn serve(span: Duration) -> Result<Vec<Point>> {
    let pki = Pki::new()?;
    let server = Hello::start(&pki)?;
    println!("soaking {} for {} s", server.address(), span.as_secs());
    let runtime = tokio::runtime::Runtime::new()?;
    let figures = runtime.block_on(load::run(&pki, &server, span))?;
    println!("{figures}");
    Ok(verdict::points(&figures))
}
