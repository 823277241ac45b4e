//! Reading one header, and not a byte beyond its end: what follows is TLS.
//!
//! Section 2 of the specification has both versions. The crate `ppp` parses; what is added here is
//! the bounded read, and the checksum of section 2.2.3.

use std::{io, net::SocketAddr};

use crc::{CRC_32_ISCSI, Crc};
use ppp::{v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::error::ProxyProtocolError as Error;

/// Section 2.1: "a 108-byte buffer is always enough" with the NUL of C at its end.
const V1_LIMIT: usize = 107;

/// Signature, version and command, family and protocol, length of the rest.
const V2_FIXED: usize = 16;

/// What a version 2 header may have behind its fixed part: Unix addresses take 216 bytes, and the
/// rest is notes about the proxy's own TLS with its client. The length field could say 65,535.
const V2_REST_LIMIT: usize = 2048;

const CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Reads one header of either version; `None` if it announces no address.
pub(crate) async fn read<IO>(io: &mut IO) -> Result<Option<SocketAddr>, Error>
where
    IO: AsyncRead + Unpin,
{
    let mut header = Vec::with_capacity(V1_LIMIT);
    // The shortest header, `PROXY UNKNOWN` with its line ending, is longer than what tells the
    // versions apart. What begins like neither is refused at once, for it may never become longer.
    while header.len() < v2::PROTOCOL_PREFIX.len() {
        let missing = v2::PROTOCOL_PREFIX.len() - header.len();
        read_some(io, &mut header, missing).await?;
        if !agree(&header, V1_PREFIX) && !agree(&header, v2::PROTOCOL_PREFIX) {
            return Err(Error::Missing);
        }
    }
    if header.starts_with(v2::PROTOCOL_PREFIX) {
        read_rest_of_v2(io, &mut header).await?;
        source_of_v2(&header)
    } else {
        read_rest_of_v1(io, &mut header).await?;
        source_of_v1(&header)
    }
}

const V1_PREFIX: &[u8] = b"PROXY ";

/// Whether one is the beginning of the other.
fn agree(bytes: &[u8], prefix: &[u8]) -> bool {
    bytes.iter().zip(prefix).all(|(a, b)| a == b)
}

/// Reads up to and including the line ending, or whatever is in its place.
async fn read_rest_of_v1<IO>(io: &mut IO, header: &mut Vec<u8>) -> Result<(), Error>
where
    IO: AsyncRead + Unpin,
{
    loop {
        // While the line goes on, both bytes of its ending are still to come.
        let to_come = match header.iter().position(|byte| *byte == b'\r') {
            None => 2,
            Some(at) if at + 1 == header.len() => 1,
            Some(_) => return Ok(()),
        };
        let room = V1_LIMIT - header.len();
        if room == 0 {
            return Err(Error::TooLong { limit: V1_LIMIT });
        }
        read_some(io, header, to_come.min(room)).await?;
    }
}

async fn read_rest_of_v2<IO>(io: &mut IO, header: &mut Vec<u8>) -> Result<(), Error>
where
    IO: AsyncRead + Unpin,
{
    read_up_to(io, header, V2_FIXED).await?;
    let rest = match header[..] {
        [.., high, low] => usize::from(u16::from_be_bytes([high, low])),
        _ => 0,
    };
    if rest > V2_REST_LIMIT {
        return Err(Error::TooLong {
            limit: V2_FIXED + V2_REST_LIMIT,
        });
    }
    read_up_to(io, header, V2_FIXED + rest).await
}

async fn read_up_to<IO>(io: &mut IO, header: &mut Vec<u8>, length: usize) -> Result<(), Error>
where
    IO: AsyncRead + Unpin,
{
    while header.len() < length {
        let missing = length - header.len();
        read_some(io, header, missing).await?;
    }
    Ok(())
}

/// Reads one byte or more, and no more than `limit`.
async fn read_some<IO>(io: &mut IO, header: &mut Vec<u8>, limit: usize) -> Result<(), Error>
where
    IO: AsyncRead + Unpin,
{
    match io.take(limit as u64).read_buf(header).await {
        Ok(0) => Err(Error::Disconnected),
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Err(Error::Disconnected),
            _ => Err(Error::Io(error)),
        },
    }
}

fn source_of_v1(line: &[u8]) -> Result<Option<SocketAddr>, Error> {
    let header = v1::Header::try_from(line).map_err(malformed)?;
    let source: SocketAddr = match header.addresses {
        v1::Addresses::Unknown => return Ok(None),
        v1::Addresses::Tcp4(it) => (it.source_address, it.source_port).into(),
        v1::Addresses::Tcp6(it) => (it.source_address, it.source_port).into(),
    };
    // Rust's number parser accepts a plus sign, and the header parser does not refuse it.
    if line.contains(&b'+') {
        return Err(malformed(v1::ParseError::InvalidSourcePort(None)));
    }
    Ok(Some(source))
}

fn source_of_v2(bytes: &[u8]) -> Result<Option<SocketAddr>, Error> {
    let header = match v2::Header::try_from(bytes) {
        Ok(header) => header,
        // Section 2.2: of a LOCAL header the receiver ignores the family, so it may be any.
        Err(v2::ParseError::AddressFamily(_) | v2::ParseError::Protocol(_)) if is_local(bytes) => {
            return Ok(None);
        }
        Err(error) => return Err(malformed(error)),
    };
    check_vectors(&header)?;
    let source: SocketAddr = match (header.command, header.addresses) {
        (v2::Command::Local, _) | (_, v2::Addresses::Unspecified) | (_, v2::Addresses::Unix(_)) => {
            return Ok(None);
        }
        (_, v2::Addresses::IPv4(it)) => (it.source_address, it.source_port).into(),
        (_, v2::Addresses::IPv6(it)) => (it.source_address, it.source_port).into(),
    };
    match header.protocol {
        v2::Protocol::Stream => Ok(Some(source)),
        v2::Protocol::Datagram | v2::Protocol::Unspecified => Err(Error::NotTcp),
    }
}

fn is_local(bytes: &[u8]) -> bool {
    bytes.get(v2::PROTOCOL_PREFIX.len()) == Some(&(v2::Version::Two | v2::Command::Local))
}

/// Checks that the type-length-value vectors fill the header exactly, and the checksum if there is one.
/// The other vectors are ignored.
fn check_vectors(header: &v2::Header<'_>) -> Result<(), Error> {
    let bytes = header.as_bytes();
    let mut end = bytes.len() - header.tlv_bytes().len();
    for vector in header.tlvs() {
        let vector = vector.map_err(malformed)?;
        let start = end + 3;
        end = start + vector.value.len();
        if vector.kind != v2::Type::CRC32C as u8 {
            continue;
        }
        let sent = <[u8; 4]>::try_from(vector.value.as_ref()).map_err(malformed)?;
        let mut computed = CRC32C.digest();
        computed.update(bytes.get(..start).unwrap_or_default());
        computed.update(&[0; 4]);
        computed.update(bytes.get(end..).unwrap_or_default());
        if computed.finalize() != u32::from_be_bytes(sent) {
            return Err(Error::Checksum);
        }
    }
    Ok(())
}

fn malformed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Malformed(Box::new(error))
}

#[cfg(test)]
mod tests;
