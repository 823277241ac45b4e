//! A protocol of lines over mutual TLS: identity, rule and revocation without HTTP.
//!
//! ```sh
//! cargo run --example line -- --cert server.crt --key server.key --client-ca ca.crt
//! openssl s_client -quiet -connect 127.0.0.1:8443 -CAfile ca.crt -cert client.crt -key client.key
//! ```

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::{LOG_HELP, ServerFiles, finish, print, reload_on_hangup, stop_wanted};
use mtls_server::{ClientCert, ConnectionAcceptor, MtlsStream, listen};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

/// Echoes each line behind the name of the client who sent it.
#[derive(Parser)]
#[command(after_help = LOG_HELP)]
struct Options {
    #[command(flatten)]
    files: ServerFiles,
}

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(Options::parse())).await
}

async fn run(Options { files }: Options) -> anyhow::Result<ExitCode> {
    let listener = files.listen()?;
    let acceptor = ConnectionAcceptor::new(files.load().await?);
    reload_on_hangup(acceptor.handle())?;
    print(&format!("listening on {}\n", listener.local_addr()?))?;
    let accept_all = async {
        loop {
            let (tcp, peer) = listen::accept(&listener).await;
            tokio::spawn(converse(acceptor.clone(), tcp, peer));
        }
    };
    tokio::select! {
        () = accept_all => {}
        stop = stop_wanted() => stop?,
    }
    acceptor.shut_down(Duration::from_secs(1));
    while acceptor.handle().connection_count() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(ExitCode::SUCCESS)
}

async fn converse(acceptor: ConnectionAcceptor, tcp: TcpStream, peer: SocketAddr) {
    // Whoever is refused, by the handshake or by the rule, has an audit event already.
    let accepted = acceptor.accept(tcp, peer).await;
    if let Ok(stream) = accepted.and_then(|accepted| accepted.into_stream()) {
        // What ends a conversation is the client's business, or has an audit event, too.
        let _ = echo(stream).await;
    }
}

async fn echo(stream: MtlsStream<TcpStream>) -> io::Result<()> {
    let client = stream.identity().client().and_then(ClientCert::common_name);
    let name = client.unwrap_or("anonymous").to_owned();
    let mut stream = BufStream::new(stream);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut stream).take(LONGEST_LINE);
        if limited.read_until(b'\n', &mut line).await? == 0 {
            return stream.shutdown().await;
        }
        let said = String::from_utf8_lossy(&line);
        stream
            .write_all(format!("{name}: {}\n", said.trim_end()).as_bytes())
            .await?;
        stream.flush().await?;
    }
}

/// A longer line is several.
const LONGEST_LINE: u64 = 4096;
