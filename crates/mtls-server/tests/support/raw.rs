//! A TLS client in the test's hands: it decides which bytes are sent, and when.

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    sync::Arc,
};

use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::client::Failure;

pub struct Raw {
    pub tls: ClientConnection,
    pub tcp: TcpStream,
}

impl Raw {
    /// Nothing is sent yet; the ClientHello is the first of what [`pending`](Self::pending) has.
    pub async fn new(name: &str, address: SocketAddr, config: ClientConfig) -> Self {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let tcp = TcpStream::connect(address).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        Self {
            tls: ClientConnection::new(Arc::new(config), name).unwrap(),
            tcp,
        }
    }

    /// What the client wants to send next.
    pub fn pending(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut bytes).unwrap();
        }
        bytes
    }

    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.tcp.write_all(bytes).await?)
    }

    /// Does the handshake up to the client's last flight, which holds its certificate and Finished.
    pub async fn last_flight(&mut self) -> Result<Vec<u8>, Failure> {
        let hello = self.pending();
        self.send(&hello).await?;
        loop {
            self.read_more().await?;
            let flight = self.pending();
            if !flight.is_empty() {
                return Ok(flight);
            }
        }
    }

    /// Sends a request and reads what comes until the server closes.
    pub async fn ask(&mut self, request: &str) -> Result<String, Failure> {
        while self.tls.is_handshaking() {
            self.read_more().await?;
        }
        self.tls.writer().write_all(request.as_bytes())?;
        let bytes = self.pending();
        self.send(&bytes).await?;
        let mut answer = Vec::new();
        while self.read().await? {
            match self.tls.reader().read_to_end(&mut answer) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error.into()),
                _ => {}
            }
        }
        Ok(String::from_utf8(answer).unwrap())
    }

    /// Takes some bytes of the server, which must not end yet.
    pub async fn read_more(&mut self) -> Result<(), Failure> {
        match self.read().await? {
            true => Ok(()),
            false => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        }
    }

    /// Takes some bytes of the server; false at their end.
    pub async fn read(&mut self) -> Result<bool, Failure> {
        let mut buffer = vec![0; 16 << 10];
        let count = self.tcp.read(&mut buffer).await?;
        let mut bytes = &buffer[..count];
        while !bytes.is_empty() {
            self.tls.read_tls(&mut bytes)?;
            self.tls
                .process_new_packets()
                .map_err(|error| Failure::from(io::Error::other(error)))?;
        }
        Ok(count > 0)
    }
}
