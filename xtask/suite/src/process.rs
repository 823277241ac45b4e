//! Other programs: run with a deadline, their output kept, never left behind.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What a program that ended said.
pub struct Finished {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Finished {
    /// Whether it left with exit code 0.
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// The line that says why, as far as a program can be guessed: the last one with "error" in it, else the last.
    pub fn reason(&self) -> String {
        let lines = || {
            self.stdout
                .lines()
                .chain(self.stderr.lines())
                .map(str::trim)
        };
        let telling = |line: &&str| line.to_ascii_lowercase().contains("error");
        lines()
            .rfind(telling)
            .or_else(|| lines().rfind(|line| !line.is_empty()))
            .map_or_else(
                || format!("exit code {:?}, no output", self.code),
                |line| line.chars().take(160).collect(),
            )
    }
}

/// Runs `command` to its end and keeps what it writes.
///
/// `input` goes to its standard input, which then stays open: some clients leave at the end of their input, before
/// the answer is there. A program that takes longer than a minute is killed, which is an error.
pub fn run(command: &mut Command, input: Option<&str>) -> Result<Finished> {
    run_within(LIMIT, command, input)
}

/// As [`run`], with another limit: for compilers.
pub fn run_within(limit: Duration, command: &mut Command, input: Option<&str>) -> Result<Finished> {
    // Files and not pipes: a child that outlives the program would keep a pipe open.
    let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?);
    command.stdin(if input.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    });
    let mut child = command
        .spawn()
        .with_context(|| format!("starting {}", name(command)))?;
    let mut stdin = child.stdin.take();
    if let (Some(stdin), Some(input)) = (&mut stdin, input) {
        // A client that was refused has closed its input, which its output tells better than a broken pipe.
        let _ = stdin.write_all(input.as_bytes());
    }

    let Some(status) = wait(&mut child, limit)? else {
        child.kill()?;
        child.wait()?;
        bail!("{} did not end within {} s", name(command), limit.as_secs());
    };
    drop(stdin);
    Ok(Finished {
        code: status.code(),
        stdout: text(&mut stdout)?,
        stderr: text(&mut stderr)?,
    })
}

/// A server ended by itself before it listened, as one does that cannot use its configuration.
#[derive(Debug)]
pub struct Left(String);

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Left {}

/// A server that runs until this is dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts `command` and waits until something answers on `port` of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// With the end of its output if it does not start, leaves early (`Left`), or does not listen within `LIMIT`.
    pub fn start(command: &mut Command, port: u16) -> Result<Self> {
        let mut log = tempfile::tempfile()?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        let child = command
            .spawn()
            .with_context(|| format!("starting {}", name(command)))?;
        let mut server = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        };

        let deadline = Instant::now() + LIMIT;
        loop {
            if TcpStream::connect(server.address).is_ok() {
                return Ok(server);
            }
            if let Some(status) = wait(&mut server.child, PAUSE)? {
                return Err(Left(format!(
                    "{} left with {status} before it listened: {}",
                    name(command),
                    tail(&mut log)?
                ))
                .into());
            }
            if Instant::now() > deadline {
                bail!(
                    "{} does not listen on port {port}: {}",
                    name(command),
                    tail(&mut log)?
                );
            }
        }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    ///
    /// If it takes longer than a minute; it is killed then.
    pub fn end(mut self) -> Result<()> {
        self.ask_to_end();
        let ended = wait(&mut self.child, LIMIT)?;
        ended.with_context(|| format!("the server did not end within {} s", LIMIT.as_secs()))?;
        Ok(())
    }

    /// Ends it without a word.
    ///
    /// # Errors
    ///
    /// If it has ended before.
    pub fn kill(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the server has ended before, with {status}");
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks and does not kill, as only the master of nginx and Apache can end their workers.
    fn ask_to_end(&self) {
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .stderr(Stdio::null())
            .status();
    }

    /// The process that was started; it may have started others.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return; // its number may be that of another by now
        }
        self.ask_to_end();
        if !matches!(wait(&mut self.child, Duration::from_secs(3)), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Ports of 127.0.0.1 that nobody listens on now, all different.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    let mut held = Vec::new(); // until the last is chosen, or the same one could come twice
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

fn wait(child: &mut Child, limit: Duration) -> Result<Option<std::process::ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(PAUSE.min(limit));
    }
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn tail(log: &mut File) -> Result<String> {
    let text = text(log)?;
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    Ok(lines[lines.len().saturating_sub(3)..].join(" / "))
}

const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Writes `text` to standard output. A reader that has seen enough (`| head`) is no error.
pub fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("writing to standard output")
        }
        _ => Ok(()),
    }
}
