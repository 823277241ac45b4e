//! `cargo xtask soak`: minutes of everything at once, and then nothing may have gone wrong or be left over.
//!
//! The server is the example `hello`, in a process of its own. Ten pumps ask it over kept, fresh and resumed
//! connections, in HTTP/1.1 and HTTP/2; it gets another CRL or certificate every five seconds, and the
//! pumps another identity every ten; 400 hostile sockets come back whenever it throws them out.

mod hostile;
mod limits;
mod load;
mod operator;
mod pki;
mod pump;
mod server;
mod verdict;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use suite::Tally;

use self::pki::Pki;
use self::server::Hello;

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
    /// How long
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(10..))]
    seconds: u64,
}

impl Soak {
    /// Prints a line for each point, and says how many held and how many did not.
    fn run(&self) -> Result<Tally> {
        let pki = Pki::new()?;
        let server = Hello::start(&pki)?;
        println!("soaking {} for {} s", server.address(), self.seconds);
        let runtime = tokio::runtime::Runtime::new()?;
        let span = Duration::from_secs(self.seconds);
        let figures = runtime.block_on(load::run(&pki, &server, span))?;
        println!("{figures}");
        let points = verdict::points(&figures);
        for point in &points {
            match &point.outcome {
                Ok(seen) => println!("ok      {}: {seen}", point.name),
                Err(sentence) => println!("FAILED  {}: {sentence}", point.name),
            }
        }
        let failed = points.iter().filter(|point| point.outcome.is_err()).count();
        Ok(Tally {
            passed: points.len() - failed,
            failed,
        })
    }
}
